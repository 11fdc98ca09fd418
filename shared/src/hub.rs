//! A base model by its name on a model hub, as people write it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longer names are a slip; the hub takes 96 characters for each part.
const LONGEST_PART: usize = 96;

/// A model on a hub: `owner/name`, then `@revision` for another one than `main`, then `:file` for a
/// GGUF file of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct HubModel {
    /// `owner/name`.
    pub repository: String,
    /// A branch, a tag or a commit; absent for `main`.
    pub revision: Option<String>,
    /// The path of a GGUF file in the repository; absent for a folder with safetensors.
    pub file: Option<String>,
}

impl HubModel {
    /// The revision to ask for.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }

    /// The commit, if the revision is one: then it always means the same files.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        self.revision.as_deref().filter(|text| is_commit(text))
    }

    /// The same at a commit.
    #[must_use]
    pub fn at(&self, commit: &str) -> Self {
        Self {
            revision: Some(commit.to_owned()),
            ..self.clone()
        }
    }
}

/// Whether a revision is the full hash of a commit, in hexadecimal.
#[must_use]
pub fn is_commit(revision: &str) -> bool {
    revision.len() == 40
        && revision
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl fmt::Display for HubModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.repository)?;
        if let Some(revision) = &self.revision {
            write!(formatter, "@{revision}")?;
        }
        if let Some(file) = &self.file {
            write!(formatter, ":{file}")?;
        }
        Ok(())
    }
}

impl FromStr for HubModel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rest, file) = match text.trim().split_once(':') {
            Some((rest, file)) => (rest, Some(file)),
            None => (text.trim(), None),
        };
        let (repository, revision) = match rest.split_once('@') {
            Some((repository, revision)) => (repository, Some(revision)),
            None => (rest, None),
        };
        let is_repository = matches!(repository.split_once('/'),
            Some((owner, name)) if is_part(owner) && is_part(name));
        if !is_repository {
            return Err(format!(
                "`{text}` is no hub id: write owner/name, such as \
                 HuggingFaceTB/SmolLM2-135M-Instruct, then @revision and :file.gguf if you need them"
            ));
        }
        if let Some(revision) = revision.filter(|revision| !is_path(revision)) {
            return Err(format!(
                "`{revision}` is no revision: write a branch, a tag or a commit after the @"
            ));
        }
        if let Some(file) = file.filter(|file| !is_path(file) || !is_gguf(file)) {
            return Err(format!(
                "`{file}` is no GGUF file: write its path in the repository after the colon, or \
                 nothing for safetensors"
            ));
        }
        Ok(Self {
            repository: repository.to_owned(),
            revision: revision.map(str::to_owned),
            file: file.map(str::to_owned),
        })
    }
}

impl From<HubModel> for String {
    fn from(model: HubModel) -> Self {
        model.to_string()
    }
}

impl TryFrom<String> for HubModel {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Whether a text may be an owner or a name.
fn is_part(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let edge = |c| matches!(c, '-' | '.');
    !text.is_empty()
        && text.len() <= LONGEST_PART
        && text.bytes().all(known)
        && !text.starts_with(edge)
        && !text.ends_with(edge)
        && !text.contains("..")
}

/// Whether a text may be a path in a repository, or a revision, which may have slashes too. Neither
/// leads out of a folder.
fn is_path(text: &str) -> bool {
    let known = |c: char| !c.is_control() && !c.is_whitespace() && !"\\?#%:@".contains(c);
    let parts = || text.split('/');
    text.chars().all(known) && parts().all(|part| !matches!(part, "" | "." | ".."))
}

fn is_gguf(file: &str) -> bool {
    let name = file.to_ascii_lowercase();
    name.strip_suffix(".gguf")
        .is_some_and(|stem| !stem.is_empty())
}

#[cfg(test)]
mod tests {
    use super::HubModel;

    const COMMIT: &str = "7e27bd9f95328f0f3b08261d1252705110c806f8";

    #[test]
    fn an_id_reads_as_it_is_written() {
        let pinned = format!("o/n@{COMMIT}:sub/q4.gguf");
        for text in [
            "HuggingFaceTB/SmolLM2-135M-Instruct",
            "o/n@refs/pr/3",
            "o/n:m.Q8_0.GGUF",
            &pinned,
        ] {
            let model: HubModel = text.parse().unwrap();
            assert_eq!(model.to_string(), text);
        }
        let model: HubModel = pinned.parse().unwrap();
        assert_eq!(model.commit(), Some(COMMIT));
        assert_eq!(model.file.as_deref(), Some("sub/q4.gguf"));
        let model: HubModel = " o/n ".parse().unwrap();
        assert_eq!((model.revision(), model.commit()), ("main", None));
    }

    #[test]
    fn what_is_no_id_says_what_one_is() {
        for (text, word) in [
            ("", "owner/name"),
            ("name", "owner/name"),
            ("/data/models/tiny", "owner/name"),
            ("./models", "owner/name"),
            ("../models", "owner/name"),
            ("a/b/c", "owner/name"),
            ("o/n..x", "owner/name"),
            ("o/n@", "revision"),
            ("o/n@../../x", "revision"),
            ("o/n@a b", "revision"),
            ("o/n:model.safetensors", "GGUF"),
            ("o/n:../x.gguf", "GGUF"),
            ("o/n:/x.gguf", "GGUF"),
            ("o/n:.gguf", "GGUF"),
        ] {
            let error = text.parse::<HubModel>().unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
