//! Compares with what other programs computed: the fixtures of `tests/reference/generate.py`, and
//! where the variable `TEMPER_TEST_MODEL` names the GGUF file of SmolLM2-135M-Instruct, that model.
//!
//! `PARITY.md` lists what is compared, the limits and what was measured. One binary, so that it links
//! once.

#[cfg(test)]
mod architectures;
#[cfg(test)]
mod decomposed;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod forward;
#[cfg(test)]
mod full;
#[cfg(test)]
mod generation;
#[cfg(test)]
mod gguf;
#[cfg(test)]
mod gguf_windows;
#[cfg(test)]
mod gradients;
#[cfg(test)]
mod loading;
#[cfg(test)]
mod losses;
#[cfg(test)]
mod optimizer;
#[cfg(test)]
mod packing;
#[cfg(test)]
mod quantised;
#[cfg(test)]
mod smollm2;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod trajectory;
