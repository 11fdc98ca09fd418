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
        let hashed = hashed_name(name, &cache::sha256(content));
        self.write(&hashed, content)?;
        self.announce(name, hashed)
    }

    /// Adds a file that may refer to others.
    pub(super) fn add_text(&mut self, name: &str, content: &str) -> Result<()> {
        let content = self.rewrite(name, content)?;
        self.add(name, content.as_bytes())
    }

    /// Adds files that refer to each other, and may refer to others.
    ///
    /// None of their names can be known before the others': the hash in all of them is that of
    /// their contents together, in which every other reference has its final form.
    pub(super) fn add_circle(&mut self, files: &[(&str, &str)]) -> Result<()> {
        for (name, _) in files {
            self.announce(name, (*name).to_owned())?;
        }
        let mut all = String::new();
        for (name, content) in files {
            all.push_str(&self.rewrite(name, content)?);
        }
        let hash = cache::sha256(all.as_bytes());
        for (name, _) in files {
            self.names
                .insert((*name).to_owned(), hashed_name(name, &hash));
        }
        for (name, content) in files {
            let content = self.rewrite(name, content)?;
            self.write(&hashed_name(name, &hash), content.as_bytes())?;
        }
        Ok(())
    }

    fn announce(&mut self, name: &str, hashed: String) -> Result<()> {
        if self.names.insert(name.to_owned(), hashed).is_some() {
            bail!("two assets are called {name}; give one of them another name");
        }
        Ok(())
    }

    fn write(&self, hashed: &str, content: &[u8]) -> Result<()> {
        let path = self.folder.join("assets").join(hashed);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
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

fn hashed_name(name: &str, hash: &str) -> String {
    let hash = &hash[..HASH_DIGITS];
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{name}-{hash}"),
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
    fn files_that_refer_to_each_other_are_renamed_when_what_they_refer_to_changes() {
        let names = |picture: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            let mut bundle = Bundle::new(folder.path()).unwrap();
            bundle.add("a.svg", picture).unwrap();
            let files = [
                ("b.js", "/assets/c.js /assets/a.svg"),
                ("c.js", "/assets/b.js"),
            ];
            bundle.add_circle(&files).unwrap();
            bundle.finish("/assets/b.js").unwrap();
            let page = fs::read_to_string(folder.path().join("index.html")).unwrap();
            let first = fs::read_to_string(folder.path().join(&page[1..])).unwrap();
            let second = first.split(' ').next().unwrap();
            let back = fs::read_to_string(folder.path().join(&second[1..])).unwrap();
            assert_eq!(back, page);
            page
        };
        assert_eq!(names(b"one"), names(b"one"));
        assert_ne!(names(b"one"), names(b"two"));
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
