//! Generated answers: greedily against transformers, and stopping, streaming and cancelling with a
//! decoder that says what it is told to.

use std::time::Duration;

use candle_core::Device;
use shared::message::Message;
use trainer::adapter::{self, Adapter};
use trainer::data::{Encoder, Row};
use trainer::engine::Model;
use trainer::error::Result;
use trainer::generate::{
    Decoder, FinishReason, GenerateRequest, Generated, Generator, ModelDecoder, Prompt,
    RowAnswerer, Sampling,
};
use trainer::model::LoadedModel;
use trainer::run::{Answerer, Interrupter};

use crate::support::{fixture, ids, json, tiny};

fn model(loaded: &LoadedModel) -> Model {
    Model::new(loaded.config.clone(), loaded.weights.clone())
}

fn request(prompt: Vec<u32>, max_new_tokens: usize) -> GenerateRequest {
    GenerateRequest {
        prompt,
        adapter: 0,
        sampling: Sampling::default(),
        max_new_tokens,
        stop: Vec::new(),
    }
}

fn generate(
    loaded: &LoadedModel,
    decoder: &mut dyn Decoder,
    batch_size: usize,
    requests: &[GenerateRequest],
) -> Vec<Generated> {
    let mut generator = Generator {
        decoder,
        tokenizer: &loaded.tokenizer,
        config: &loaded.config,
        batch_size,
        clock: &|| Duration::ZERO,
    };
    let mut told = vec![String::new(); requests.len()];
    let mut on_text = |index: usize, piece: &str| told[index].push_str(piece);
    let generated = generator
        .generate(requests, &mut on_text, &Interrupter::new())
        .unwrap();
    let texts: Vec<String> = generated.iter().map(|one| one.text.clone()).collect();
    assert_eq!(told, texts, "what was told is the whole text");
    generated
}

#[test]
fn greedy_answers_are_those_of_transformers_in_any_batch() {
    let loaded = tiny();
    let model = model(&loaded);
    let adapter = trained(&loaded);
    let reference = json("greedy.json");
    let reference = reference.as_array().unwrap();
    let requests: Vec<GenerateRequest> = reference
        .iter()
        .map(|entry| {
            let encoder = Encoder::new(&loaded, None, 256);
            let asked = [Message::user(entry["text"].as_str().unwrap())];
            let prompt = encoder.prompt(&asked, None).unwrap();
            assert_eq!(prompt, ids(&entry["prompt"]));
            request(prompt, 40)
        })
        .collect();
    for batch_size in 1..=3 {
        let mut decoder = ModelDecoder::new(&model, Some(&adapter));
        let generated = generate(&loaded, &mut decoder, batch_size, &requests);
        for (ours, theirs) in generated.iter().zip(reference) {
            let theirs = ids(&theirs["answer"]);
            let stopped = theirs.last() == Some(&2);
            assert_eq!(ours.text, loaded.tokenizer.decode(&theirs, true).unwrap());
            assert_eq!(ours.tokens, theirs);
            assert_eq!(ours.finish == FinishReason::Stop, stopped);
        }
    }
}

/// The adapter after TRL's run, with which answers are not just one token again and again.
fn trained(loaded: &LoadedModel) -> Adapter {
    let fresh = fixture("adapter-fresh");
    let (_, peft) = adapter::load(&fresh, &loaded.config, &Device::Cpu).unwrap();
    let path = fixture("trajectory-sft.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    adapter::parse(&bytes, &path, &loaded.config, &peft, &Device::Cpu).unwrap()
}

#[test]
fn rows_with_different_adapters_are_answered_as_by_each_alone() {
    let loaded = tiny();
    let model = model(&loaded);
    let (random, _) =
        adapter::load(&fixture("adapter-random"), &loaded.config, &Device::Cpu).unwrap();
    let trained = trained(&loaded);
    let adapters = vec![Some(&trained), None, Some(&random)];
    let reference = json("greedy.json");
    let reference = reference.as_array().unwrap();
    let asked = reference.iter().flat_map(|entry| {
        let of_entry = (0..adapters.len()).map(|adapter| GenerateRequest {
            adapter,
            ..request(ids(&entry["prompt"]), 24)
        });
        of_entry.collect::<Vec<_>>()
    });
    let requests: Vec<GenerateRequest> = asked.collect();
    for batch_size in [2, 3, 32] {
        let mut decoder = ModelDecoder::with_each(&model, adapters.clone());
        let together = generate(&loaded, &mut decoder, batch_size, &requests);
        for (request, found) in requests.iter().zip(together) {
            let mut alone = ModelDecoder::new(&model, adapters[request.adapter]);
            let request = GenerateRequest {
                adapter: 0,
                ..request.clone()
            };
            assert_eq!(generate(&loaded, &mut alone, 1, &[request])[0], found);
        }
    }
    let mut decoder = ModelDecoder::with_each(&model, adapters.clone());
    let unknown = Prompt {
        tokens: &[1],
        adapter: 3,
    };
    let refused = decoder.prefill(&[unknown], 4).unwrap_err().to_string();
    assert!(refused.contains("the decoder has 3"), "{refused}");
}

#[test]
fn sampled_answers_do_not_depend_on_the_batch() {
    let loaded = tiny();
    let model = model(&loaded);
    let requests: Vec<GenerateRequest> = (0..5)
        .map(|index| {
            let mut request = request((4..10 + index).collect(), 16);
            request.sampling = Sampling {
                temperature: 1.0,
                top_p: 0.9,
                top_k: 50,
                seed: u64::from(index),
            };
            request
        })
        .collect();
    let mut decoder = ModelDecoder::new(&model, None);
    let alone = generate(&loaded, &mut decoder, 1, &requests);
    let together = generate(&loaded, &mut decoder, 5, &requests);
    assert_eq!(alone, together);
    assert_ne!(alone[0].text, alone[1].text);
}

#[test]
fn an_adapter_changes_the_answer_of_a_row() {
    let loaded = tiny();
    let model = model(&loaded);
    let text = r#"{"prompt": "Name a colour", "completion": "Red"}"#;
    let rows = [Row::parse(1, text).unwrap()];
    let answerer = RowAnswerer {
        model: &model,
        tokenizer: &loaded.tokenizer,
        encoder: Encoder::new(&loaded, None, 256),
        rows: &rows,
        batch_size: 4,
        rewards: None,
    };
    let answer = |name: &str| {
        let folder = fixture(name);
        let (adapter, _): (Adapter, _) =
            adapter::load(&folder, &loaded.config, &Device::Cpu).unwrap();
        let answers = answerer.answer(Some(&adapter), 10, 12, &Interrupter::new());
        answers.unwrap().remove(0)
    };
    let (fresh, random) = (answer("adapter-fresh"), answer("adapter-random"));
    assert_eq!(
        (fresh.prompt.as_str(), fresh.expected.as_str()),
        ("Name a colour", "Red")
    );
    assert_ne!(fresh.output, random.output);
}

/// Says given tokens, whatever it is asked.
struct Scripted {
    script: Vec<u32>,
    said: usize,
    vocabulary: usize,
    /// Interrupts after so many tokens.
    interrupt: Option<(usize, Interrupter)>,
}

impl Scripted {
    fn new(loaded: &LoadedModel, text: &str) -> Self {
        Self {
            script: loaded.tokenizer.encode(text).unwrap(),
            said: 0,
            vocabulary: loaded.config.vocab_size,
            interrupt: None,
        }
    }

    fn logits(&mut self) -> Vec<f32> {
        let mut logits = vec![0.0; self.vocabulary];
        logits[self.script[self.said] as usize] = 1.0;
        self.said += 1;
        if let Some((after, interrupter)) = &self.interrupt
            && self.said == *after
        {
            interrupter.interrupt("enough");
        }
        logits
    }
}

impl Decoder for Scripted {
    fn prefill(&mut self, _: &[Prompt<'_>], _: usize) -> Result<Vec<f32>> {
        Ok(self.logits())
    }

    fn step(&mut self, _: &[(usize, u32)]) -> Result<Vec<f32>> {
        Ok(self.logits())
    }
}

#[test]
fn answers_end_at_stop_tokens_stop_texts_and_lengths() {
    let loaded = tiny();
    for (script, stop, max, text, finish) in [
        (
            "one 日本 two<|im_end|>",
            "",
            99,
            "one 日本 two",
            FinishReason::Stop,
        ),
        (
            "one\n\ntwo three<|im_end|>",
            "\n\nt",
            99,
            "one",
            FinishReason::Stop,
        ),
        (
            "one\n\nfour<|im_end|>",
            "\n\nt",
            99,
            "one\n\nfour",
            FinishReason::Stop,
        ),
        ("日本日本", "本日", 99, "日", FinishReason::Stop),
        ("abc abc", "", 3, "abc", FinishReason::Length),
        ("日本", "", 2, "\u{fffd}", FinishReason::Length),
    ] {
        let mut decoder = Scripted::new(&loaded, script);
        let mut asked = request(vec![5, 6], max);
        asked.stop = vec![stop.to_owned()];
        let generated = generate(&loaded, &mut decoder, 1, &[asked]).remove(0);
        assert_eq!(
            (generated.text.as_str(), generated.finish),
            (text, finish),
            "{script}"
        );
    }
}

#[test]
fn a_prompt_that_fills_the_context_is_not_asked() {
    let loaded = tiny();
    let mut decoder = Scripted::new(&loaded, "a<|im_end|>");
    let requests = [
        request(vec![5; 256], 8),
        request(vec![], 8),
        request(vec![5; 255], 8),
    ];
    let generated = generate(&loaded, &mut decoder, 4, &requests);
    let texts: Vec<&str> = generated.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["", "", "a"]);
    assert_eq!(
        generated[2].finish,
        FinishReason::Length,
        "one token had room"
    );
}

#[test]
fn an_interrupted_answer_keeps_what_there_is() {
    let loaded = tiny();
    let interrupter = Interrupter::new();
    let mut decoder = Scripted::new(&loaded, "abcdef<|im_end|>");
    decoder.interrupt = Some((3, interrupter.clone()));
    let mut generator = Generator {
        decoder: &mut decoder,
        tokenizer: &loaded.tokenizer,
        config: &loaded.config,
        batch_size: 1,
        clock: &|| Duration::ZERO,
    };
    let requests = [request(vec![5], 99), request(vec![5, 6], 99)];
    let generated = generator
        .generate(&requests, &mut |_, _| {}, &interrupter)
        .unwrap();
    assert_eq!(
        (generated[0].text.as_str(), generated[0].tokens.len()),
        ("abc", 3)
    );
    assert_eq!(
        (generated[1].text.as_str(), generated[1].tokens.len()),
        ("", 0)
    );
    assert!(
        generated
            .iter()
            .all(|one| one.finish == FinishReason::Interrupted)
    );
}
