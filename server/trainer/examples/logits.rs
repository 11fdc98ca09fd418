//! Writes the logits of a text, for comparing with other programs.
//!
//! ```text
//! cargo run --release -p trainer --example logits -- MODEL ADAPTER TOKENS OUTPUT
//! ```
//! `TOKENS` is a JSON file with a list of token ids; `OUTPUT` becomes `[T, V]` numbers of 32 bits
//! in the order of the machine's bytes. `tests/reference/check_exports.py` reads them.

use std::{error::Error, fs, path::Path};

use trainer::{
    adapter,
    device::Device,
    engine::{Batch, Model},
    model::load,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder, tokens, output] = arguments.as_slice() else {
        return Err("usage: logits MODEL ADAPTER TOKENS OUTPUT".into());
    };
    let loaded = load(Path::new(model), &Device::Cpu)?;
    let (adapter, _) = adapter::load(Path::new(folder), &loaded.config, &Device::Cpu)?;
    let tokens: Vec<u32> = serde_json::from_slice(&fs::read(tokens)?)?;
    let model = Model::new(loaded.config, loaded.weights);
    let hidden = model.forward(Some(&adapter), &Batch::unlabelled(&[&tokens]))?;
    let logits = model.logits(&hidden)?.flatten_all()?.to_vec1::<f32>()?;
    let bytes: Vec<u8> = logits
        .iter()
        .flat_map(|logit| logit.to_ne_bytes())
        .collect();
    fs::write(output, bytes)?;
    Ok(())
}
