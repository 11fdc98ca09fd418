//! The rotary settings of a `config.json`.
//!
//! transformers 5 calls them `rope_parameters`, older ones `rope_theta` and `rope_scaling`. Where
//! blocks of two kinds rotate differently, `rope_parameters` has a part for each kind, and older
//! files name the base of those with a window apart.

use serde_json::Value;

use super::file::ConfigFile;
use crate::error::Result;
use crate::model::{Llama3Scaling, RopeScaling};

/// How the blocks that see everything rotate.
pub(super) struct Rotation {
    pub(super) theta: f64,
    pub(super) scaling: Option<RopeScaling>,
}

/// The base of blocks with a window where the file names none.
const LOCAL_THETA: f64 = 10_000.0;

impl<'a> ConfigFile<'a> {
    /// How all blocks rotate, or where they differ, those that see everything; `theta` is the base
    /// where the file names none.
    pub(super) fn rotation(&self, theta: f64) -> Result<Rotation> {
        let rope = self
            .rope_of("full_attention")
            .or_else(|| self.get("rope_parameters"))
            .or_else(|| self.get("rope_scaling"));
        let within = match rope {
            Some(rope) => self.number(rope, "rope_theta")?,
            None => None,
        };
        Ok(Rotation {
            theta: within.map_or_else(|| self.number_or("rope_theta", theta), Ok)?,
            scaling: rope.map_or(Ok(None), |rope| self.scaling(rope))?,
        })
    }

    /// The base of blocks with a window, in a family where it may differ from the others'.
    pub(super) fn local_theta(&self) -> Result<f64> {
        let Some(rope) = self.rope_of("sliding_attention") else {
            return self.number_or("rope_local_base_freq", LOCAL_THETA);
        };
        if self.scaling(rope)?.is_some() {
            return Err(self.refuse(format!(
                "rope_parameters.sliding_attention = {rope} is not supported; blocks with a window \
                 must have the rope type default"
            )));
        }
        let theta = self.number(rope, "rope_theta")?;
        Ok(theta.unwrap_or(LOCAL_THETA))
    }

    fn rope_of(&self, kind: &str) -> Option<&'a Value> {
        let part = self.get("rope_parameters")?.get(kind)?;
        (!part.is_null()).then_some(part)
    }

    fn scaling(&self, rope: &Value) -> Result<Option<RopeScaling>> {
        let kind = rope.get("rope_type").or_else(|| rope.get("type"));
        match kind.and_then(Value::as_str) {
            None | Some("default") => Ok(None),
            Some("linear") => {
                let factor = self.needed(rope, "linear", "factor")?;
                Ok(Some(RopeScaling::Linear { factor }))
            }
            Some("llama3") => self.llama3(rope).map(RopeScaling::Llama3).map(Some),
            Some(kind) => Err(self.refuse(format!(
                "the rope type {kind} is not supported; only default, linear and llama3 are"
            ))),
        }
    }

    fn needed(&self, rope: &Value, kind: &str, key: &str) -> Result<f64> {
        self.number(rope, key)?
            .ok_or_else(|| self.refuse(format!("the rope type {kind} needs {key}")))
    }

    fn llama3(&self, rope: &Value) -> Result<Llama3Scaling> {
        let needed = |key: &str| self.needed(rope, "llama3", key);
        #[expect(
            clippy::cast_sign_loss,
            reason = "`number` refuses what is not positive"
        )]
        let original = needed("original_max_position_embeddings")? as usize;
        Ok(Llama3Scaling {
            factor: needed("factor")?,
            low_freq_factor: needed("low_freq_factor")?,
            high_freq_factor: needed("high_freq_factor")?,
            original_max_position_embeddings: original,
        })
    }
}
