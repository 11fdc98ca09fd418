//! Writing what a run has trained, as other programs read it.

use std::path::{Path, PathBuf};

use crate::adapter;
use crate::durable;
use crate::error::Result;
use crate::export::{Stored, write_folder};

use super::checkpoint::{Content, Store};
use super::learner::Learner;

/// Writes what was trained below `output`, as it is or as it was at an earlier step, and gives its
/// folder: `adapter` in PEFT's format, or `model` as a Hugging Face folder. Whole or not at all.
pub(super) fn hand_over(
    output: &Path,
    content: &Content<'_>,
    learner: &Learner<'_>,
    earlier: Option<(&Store, usize)>,
) -> Result<PathBuf> {
    durable::create_folder(output)?;
    match content {
        Content::Adapter(peft, model) => {
            let folder = output.join("adapter");
            let kept = earlier.map(|(store, step)| store.adapter(step, peft, model));
            let kept = kept.transpose()?;
            if let Some(adapter) = kept.as_ref().or(learner.adapter()) {
                durable::replace_folder(&folder, |folder| adapter::save(folder, adapter, peft))?;
            }
            Ok(folder)
        }
        Content::Weights(model) => {
            let folder = output.join("model");
            if let Some((store, step)) = earlier {
                store.restore_weights(step, model)?;
            }
            durable::replace_folder(&folder, |folder| {
                write_folder(model.loaded(), Stored::Full, folder)?;
                durable::sync_files(folder)
            })?;
            Ok(folder)
        }
    }
}
