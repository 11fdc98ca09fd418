//! A GPU against the processor: every operation on its own, and the tiny models as a whole.
//!
//! Compiled with the feature `cuda` only. Where there is no GPU the tests are passed over, unless
//! `TEST_REQUIRE_CUDA` is set. `cargo xtask cuda --checks` builds this as a program that runs
//! elsewhere; `PARITY.md` lists what was measured.

#[cfg(test)]
mod attention;
#[cfg(test)]
mod models;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod products;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod support;
#[cfg(test)]
mod weights;
