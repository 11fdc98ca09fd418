//! SmolLM2-135M-Instruct from its GGUF file.

use std::time::Duration;

use candle_core::Device;
use shared::message::Message;
use trainer::data::Encoder;
use trainer::engine::{Batch, Model};
use trainer::generate::{GenerateRequest, Generator, ModelDecoder, Sampling};
use trainer::model::load;
use trainer::run::Interrupter;

use crate::support::{ids, json, numbers, relative_error, smollm2};

#[test]
fn loads_tokenizes_and_renders() {
    let Some(path) = smollm2("loads_tokenizes_and_renders") else {
        return;
    };
    let model = load(&path, &Device::Cpu).unwrap();
    assert_eq!(model.config.layers, 30);
    assert_eq!(model.config.vocab_size, 49152);
    assert_eq!(model.config.eos_token_ids, [2]);
    assert!(model.weights.head.is_none());
    for (text, ids) in [
        ("Hello world! 123", vec![19556, 905, 17, 216, 33, 34, 35]),
        ("Hello, we can use", vec![19556, 28, 392, 416, 722]),
        ("\n", vec![198]),
        ("a  5", vec![81, 256, 37]),
        ("<|im_start|>user\n", vec![1, 4093, 198]),
    ] {
        assert_eq!(model.tokenizer.encode(text).unwrap(), ids, "{text:?}");
        assert_eq!(model.tokenizer.decode(&ids, false).unwrap(), text);
    }
    let rendered = model.template.render(&[Message::user("hi")], true).unwrap();
    assert_eq!(
        rendered,
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging \
         Face<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    );
}

#[test]
#[expect(clippy::print_stderr, reason = "the measured error is worth seeing")]
fn logits_are_torchs_in_64_bits() {
    let Some(path) = smollm2("logits_are_torchs_in_64_bits") else {
        return;
    };
    let loaded = load(&path, &Device::Cpu).unwrap();
    let model = Model::new(loaded.config, loaded.weights);
    let vectors = json("chats-smollm2.json");
    let tokens = ids(&vectors["chats"][0]["ids"]);
    let hidden = model.forward(None, &Batch::unlabelled(&[&tokens])).unwrap();
    let step = usize::try_from(vectors["logits"]["step"].as_u64().unwrap()).unwrap();
    for (place, expected) in vectors["logits"]["places"].as_object().unwrap() {
        let last = hidden.narrow(0, place.parse().unwrap(), 1).unwrap();
        let logits = numbers(&model.logits(&last.contiguous().unwrap()).unwrap());
        let ours: Vec<f32> = logits.into_iter().step_by(step).collect();
        let expected = expected.as_array().unwrap().iter();
        let expected: Vec<f32> = expected.map(|one| one.as_f64().unwrap() as f32).collect();
        let error = relative_error(&ours, &expected);
        eprintln!("logits after token {place}: {error:.2e}");
        assert!(error < 1e-5, "{place}: {error}");
    }
}

#[test]
fn greedy_answers_are_those_of_transformers() {
    let Some(path) = smollm2("greedy_answers_are_those_of_transformers") else {
        return;
    };
    let loaded = load(&path, &Device::Cpu).unwrap();
    let model = Model::new(loaded.config.clone(), loaded.weights.clone());
    let encoder = Encoder::new(&loaded, None, 8192);
    let reference = json("greedy-smollm2.json");
    let reference = reference.as_array().unwrap();
    let requests: Vec<GenerateRequest> = reference
        .iter()
        .map(|entry| {
            let asked = [Message::user(entry["text"].as_str().unwrap())];
            GenerateRequest {
                prompt: encoder.prompt(&asked, None).unwrap(),
                adapter: 0,
                sampling: Sampling::default(),
                max_new_tokens: 48,
                stop: Vec::new(),
            }
        })
        .collect();
    let mut generator = Generator {
        decoder: &mut ModelDecoder::new(&model, None),
        tokenizer: &loaded.tokenizer,
        config: &loaded.config,
        batch_size: 4,
        clock: &|| Duration::ZERO,
    };
    let generated = generator.generate(&requests, &mut |_, _| {}, &Interrupter::new());
    for (ours, theirs) in generated.unwrap().iter().zip(reference) {
        let theirs = ids(&theirs["answer"]);
        assert_eq!(ours.text, loaded.tokenizer.decode(&theirs, true).unwrap());
        assert_eq!(ours.tokens, theirs);
    }
}
