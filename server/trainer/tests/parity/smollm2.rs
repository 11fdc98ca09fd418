//! SmolLM2-135M-Instruct from its GGUF file.

use candle_core::Device;
use shared::message::Message;
use trainer::model::load;

use crate::support::smollm2;

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
