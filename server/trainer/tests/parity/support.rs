//! Where the fixtures are.

use std::path::PathBuf;

/// The GGUF file of SmolLM2-135M-Instruct, if the environment names it; else says that the test is
/// passed over.
#[expect(clippy::print_stderr, reason = "a test that is passed over says so")]
pub(crate) fn smollm2(test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("TEMPER_TEST_MODEL").map(PathBuf::from);
    if path.is_none() {
        eprintln!("{test} is passed over: TEMPER_TEST_MODEL names no GGUF file");
    }
    path
}
