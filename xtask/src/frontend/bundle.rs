//! Files with a hash of their content in the name, and references that follow.
//!
//! Sources refer to `/assets/NAME`; the bundle replaces that by `/assets/NAME-HASH`. So a file is
//! added after everything that it refers to.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::cache;

/// The beginning of each reference.
const PREFIX: &str = "/assets/";

/// Digits of the hash in a name: 48 bits.
const HASH_DIGITS: usize = 12;

/// A folder that is being filled.
#[derive(Debug)]
pub(super) struct Bundle {
    folder: PathBuf,
    /// The hashed name of each name.
    names: BTreeMap<String, String>,
}

impl Bundle {
    /// An empty bundle in a folder, which is made.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("assets"))
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        Ok(Self {
            folder: folder.to_owned(),
            names: BTreeMap::new(),
        })
    }

    /// Adds a file as it is.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let hash = &cache::sha256(content)[..HASH_DIGITS];
        let hashed = match name.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
            None => format!("{name}-{hash}"),
        };
        let path = self.folder.join("assets").join(&hashed);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        if self.names.insert(name.to_owned(), hashed).is_some() {
            bail!("two assets are called {name}; give one of them another name");
        }
        Ok(())
    }

    /// Adds a file that may refer to others.
    pub(super) fn add_text(&mut self, name: &str, content: &str) -> Result<()> {
        let content = self.rewrite(name, content)?;
        self.add(name, content.as_bytes())
    }

    /// Writes the page, last of all.
    pub(super) fn finish(self, page: &str) -> Result<()> {
        let page = self.rewrite("index.html", page)?;
        fs::write(self.folder.join("index.html"), page).context("cannot write index.html")
    }

    /// Replaces each reference by its hashed name; fails at one that leads nowhere.
    fn rewrite(&self, name: &str, text: &str) -> Result<String> {
        let mut parts = text.split(PREFIX);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part
                .find(|letter| !is_of_name(letter))
                .unwrap_or(part.len());
            let (asset, rest) = part.split_at(end);
            let Some(hashed) = self.names.get(asset) else {
                bail!("{name} refers to {PREFIX}{asset}, which is not built");
            };
            out.push_str(PREFIX);
            out.push_str(hashed);
            out.push_str(rest);
        }
        Ok(out)
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

/// The last part of a path.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_follow_the_hashed_names() {
        let folder = tempfile::tempdir().unwrap();
        let mut bundle = Bundle::new(folder.path()).unwrap();
        bundle.add("a.svg", b"picture").unwrap();
        bundle.add_text("b.css", "url(/assets/a.svg)").unwrap();
        bundle.finish(r#"<link href="/assets/b.css">"#).unwrap();
        let page = fs::read_to_string(folder.path().join("index.html")).unwrap();
        let sheet = page
            .trim_start_matches("<link href=\"/")
            .trim_end_matches("\">");
        let sheet = fs::read_to_string(folder.path().join(sheet)).unwrap();
        let hash = &cache::sha256(b"picture")[..HASH_DIGITS];
        assert_eq!(sheet, format!("url(/assets/a-{hash}.svg)"));
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = Bundle::new(folder.path()).unwrap();
        let error = bundle.finish("<img src=/assets/lost.png>").unwrap_err();
        let expected = "index.html refers to /assets/lost.png, which is not built";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn two_assets_with_one_name_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut bundle = Bundle::new(folder.path()).unwrap();
        bundle.add("a.svg", b"one").unwrap();
        assert!(bundle.add("a.svg", b"two").is_err());
    }
}
