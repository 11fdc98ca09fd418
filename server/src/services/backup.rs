//! Back-ups: one archive with every record and the files they name.
//!
//! The records are lines of JSON that either database takes, read in one transaction, so a back-up
//! can be made while the server runs. The files are those that are never changed once written:
//! models, adapters, uploads. Checkpoints are left out: a restored run that was not over begins
//! anew.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, BufWriter, Read, Write},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Store, Tx, backup, users};

/// The form of the archive.
const FORMAT: u32 = 1;

/// What the archive says of itself.
const MANIFEST: &str = "temper-backup.json";

/// Folders of the data folder whose files are kept.
const FOLDERS: [&str; 3] = ["models", "runs", "uploads"];

/// Folders in them that are not: checkpoints change while they are read; the contents and locks of
/// models from the hub stand under their names too.
const LEFT_OUT: [&str; 3] = ["blobs", "checkpoints", ".locks"];

#[derive(Debug, Deserialize, Serialize)]
struct Manifest {
    format: u32,
    temper_version: String,
    schema_version: i64,
    tables: Vec<String>,
}

/// What a back-up holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// Rows of all tables.
    pub rows: u64,
    /// Files.
    pub files: u64,
}

/// Writes a back-up to a file, which must not be there yet. It has its name only once it is whole.
pub async fn create(store: &Store, data_dir: &Path, to: &Path) -> anyhow::Result<Summary> {
    ensure!(
        !to.exists(),
        "{} is there already: choose another name",
        to.display()
    );
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let partial = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
        .with_context(|| format!("cannot write beside {}", to.display()))?;
    let mut archive = tar::Builder::new(BufWriter::new(partial));
    let mut summary = Summary::default();
    write_records(store, &mut archive, &mut summary).await?;
    for folder in FOLDERS {
        write_folder(data_dir, Path::new(folder), &mut archive, &mut summary)?;
    }
    let partial = archive
        .into_inner()?
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    partial
        .as_file()
        .sync_all()
        .context("cannot finish the back-up")?;
    partial
        .persist_noclobber(to)
        .with_context(|| format!("cannot name the back-up {}", to.display()))?;
    Ok(summary)
}

async fn write_records(
    store: &Store,
    archive: &mut tar::Builder<impl Write>,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let mut tx = store.read().await?;
    backup::freeze(&mut tx).await?;
    let manifest = Manifest {
        format: FORMAT,
        temper_version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version: backup::schema_version(&mut tx).await?,
        tables: backup::tables(&mut tx).await?,
    };
    append(archive, MANIFEST, &serde_json::to_vec_pretty(&manifest)?)?;
    for table in &manifest.tables {
        // A table's size has to be known before it goes into the archive.
        let mut file = BufWriter::new(tempfile::tempfile()?);
        summary.rows += write_table(&mut tx, table, &mut file).await?;
        let mut file = file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        std::io::Seek::rewind(&mut file)?;
        archive.append_file(table_path(table), &mut file)?;
    }
    Ok(())
}

async fn write_table(tx: &mut Tx, table: &str, file: &mut impl Write) -> anyhow::Result<u64> {
    let columns = backup::columns(tx, table).await?;
    let names: Vec<&str> = columns.iter().map(backup::Column::name).collect();
    writeln!(file, "{}", serde_json::to_string(&names)?)?;
    let mut rows = backup::rows(tx, table, &columns);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        writeln!(file, "{}", serde_json::to_string(&row)?)?;
        count += 1;
    }
    Ok(count)
}

fn table_path(table: &str) -> PathBuf {
    Path::new("tables").join(format!("{table}.jsonl"))
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    path: &str,
    content: &[u8],
) -> anyhow::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    archive.append_data(&mut header, path, content)?;
    Ok(())
}

/// Adds the files of a folder and of those below it; a folder that is not there has none.
fn write_folder(
    data_dir: &Path,
    folder: &Path,
    archive: &mut tar::Builder<impl Write>,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let path = data_dir.join(folder);
    if !path.is_dir() {
        return Ok(());
    }
    let mut entries = fs::read_dir(&path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("cannot read {}", path.display()))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let inside = folder.join(&name);
        // Follows links: an operator may have put a model into the folder as one.
        if entry.path().is_dir() {
            if !LEFT_OUT.iter().any(|left_out| name == *left_out) {
                write_folder(data_dir, &inside, archive, summary)?;
            }
        } else {
            let mut file = File::open(entry.path())
                .with_context(|| format!("cannot read {}", entry.path().display()))?;
            archive.append_file(Path::new("files").join(inside), &mut file)?;
            summary.files += 1;
        }
    }
    Ok(())
}

/// Restores a back-up into an empty database and the data folder. The records come last and in one
/// transaction, so that a restoring that broke off can be repeated.
pub async fn restore(store: &Store, data_dir: &Path, from: &Path) -> anyhow::Result<Summary> {
    let mut tx = store.write().await?;
    ensure!(
        !users::any(&mut tx).await?,
        "the database is in use: a back-up is restored into an empty one"
    );
    let open = || File::open(from).with_context(|| format!("cannot read {}", from.display()));
    let mut archive = tar::Archive::new(BufReader::new(open()?));
    let mut entries = archive.entries()?;
    let not_one = || format!("{} is no back-up of Temper", from.display());
    let mut first = entries
        .next()
        .with_context(not_one)?
        .with_context(not_one)?;
    ensure!(first.path()?.as_ref() == Path::new(MANIFEST), not_one());
    let mut text = String::new();
    first.read_to_string(&mut text)?;
    let manifest: Manifest = serde_json::from_str(&text).with_context(not_one)?;
    check(&manifest, backup::schema_version(&mut tx).await?)?;
    let mut summary = Summary::default();
    for entry in entries {
        let mut entry = entry.with_context(|| format!("{} ends too early", from.display()))?;
        let path = entry.path()?.into_owned();
        match place(&path)? {
            Place::Table(table) => {
                summary.rows += read_table(&mut tx, &table, BufReader::new(entry)).await?;
            }
            Place::File(inside) => {
                let to = data_dir.join(&inside);
                if let Some(folder) = to.parent() {
                    fs::create_dir_all(folder)?;
                }
                entry
                    .unpack(&to)
                    .with_context(|| format!("cannot write {}", to.display()))?;
                summary.files += 1;
            }
        }
    }
    tx.commit().await?;
    Ok(summary)
}

fn check(manifest: &Manifest, schema_version: i64) -> anyhow::Result<()> {
    ensure!(
        manifest.format == FORMAT && manifest.schema_version == schema_version,
        "the back-up is of Temper {} with migration {}, but this Temper has migration \
         {schema_version}: restore it with that version, then upgrade",
        manifest.temper_version,
        manifest.schema_version
    );
    Ok(())
}

enum Place {
    Table(String),
    File(PathBuf),
}

/// Where an entry of the archive goes; only into tables and below the data folder.
fn place(path: &Path) -> anyhow::Result<Place> {
    let parts: Vec<&str> = path
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()
        .with_context(|| format!("the back-up has the unusable entry {}", path.display()))?;
    let unknown = || format!("the back-up has the unknown entry {}", path.display());
    Ok(match parts.as_slice() {
        ["tables", file] => Place::Table(
            file.strip_suffix(".jsonl")
                .with_context(unknown)?
                .to_owned(),
        ),
        ["files", inside @ ..] if !inside.is_empty() => Place::File(inside.iter().collect()),
        _ => bail!(unknown()),
    })
}

async fn read_table(tx: &mut Tx, table: &str, lines: impl BufRead) -> anyhow::Result<u64> {
    let known = backup::columns(tx, table).await?;
    let mut lines = lines.lines();
    let header = lines
        .next()
        .with_context(|| format!("the table {table} has no columns"))??;
    let names: Vec<String> = serde_json::from_str(&header)?;
    let columns = names
        .iter()
        .map(|name| known.iter().find(|column| column.name() == name).cloned())
        .collect::<Option<Vec<_>>>()
        .with_context(|| format!("the table {table} has other columns than the back-up"))?;
    let mut count = 0;
    for line in lines {
        let row: Vec<Value> = serde_json::from_str(&line?)
            .with_context(|| format!("row {} of the table {table} is damaged", count + 1))?;
        backup::insert(tx, table, &columns, &row).await?;
        count += 1;
    }
    backup::renumber(tx, table, &columns).await?;
    Ok(count)
}
