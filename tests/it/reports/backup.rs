//! A back-up restores on either database with equal content.

use std::{fs, path::Path};

use futures::TryStreamExt as _;
use serde_json::Value;
use server::services::backup;
use store::{Store, backup as rows};
use tempfile::TempDir;
use tests::{TestApp, TestDatabase, on_both_databases};

use super::{GOOD, report};

/// Every row of every table.
async fn content(store: &Store) -> Vec<(String, Vec<Vec<Value>>)> {
    let mut tx = store.read().await.unwrap();
    let mut tables = rows::tables(&mut tx).await.unwrap();
    tables.sort();
    let mut content = Vec::new();
    for table in tables {
        let mut columns = rows::columns(&mut tx, &table).await.unwrap();
        columns.sort_by(|one, other| one.name().cmp(other.name()));
        let all = rows::rows(&mut tx, &table, &columns)
            .try_collect()
            .await
            .unwrap();
        let mut all: Vec<Vec<Value>> = all;
        all.sort_by_key(|row| serde_json::to_string(row).unwrap());
        content.push((table, all));
    }
    content
}

async fn restores_on(target: TestDatabase, archive: &Path, original: &Store) {
    let folder = TempDir::new().unwrap();
    let restored = backup::restore(&target.store, folder.path(), archive)
        .await
        .unwrap();
    assert_eq!(restored.files, 1);
    assert_eq!(content(&target.store).await, content(original).await);
    let model = folder.path().join("models/tiny/config.json");
    assert_eq!(fs::read_to_string(model).unwrap(), "{}");
    let again = backup::restore(&target.store, folder.path(), archive)
        .await
        .unwrap_err();
    assert!(again.to_string().contains("in use"), "{again}");
}

on_both_databases! {
    async fn a_backup_restores_on_either_database(database: TestDatabase) {
        let app = TestApp::on(database);
        let mut client = app.admin().await;
        report(&app, &mut client, &GOOD).await;
        let models = app.app.data_dir.join("models/tiny");
        fs::create_dir_all(&models).unwrap();
        fs::write(models.join("config.json"), "{}").unwrap();
        let checkpoints = app.app.data_dir.join("runs/x/checkpoints");
        fs::create_dir_all(&checkpoints).unwrap();
        fs::write(checkpoints.join("state"), "left out").unwrap();

        let folder = TempDir::new().unwrap();
        let archive = folder.path().join("backup.tar");
        let store = &app.app.store;
        let made = backup::create(store, &app.app.data_dir, &archive).await.unwrap();
        assert!(made.rows > 400 && made.files == 1, "{made:?}");
        assert!(backup::create(store, &app.app.data_dir, &archive).await.is_err());
        restores_on(TestDatabase::sqlite().await, &archive, store).await;
        if let Some(postgres) = TestDatabase::postgres().await {
            restores_on(postgres, &archive, store).await;
        }
    }
}

#[tokio::test]
async fn what_is_no_backup_is_refused_and_changes_nothing() {
    let database = TestDatabase::sqlite().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("notes.txt");
    fs::write(&file, "not an archive").unwrap();
    let refused = backup::restore(&database.store, folder.path(), &file)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("no back-up of Temper"),
        "{refused:#}"
    );
    let missing = folder.path().join("missing.tar");
    let refused = backup::restore(&database.store, folder.path(), &missing)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("missing.tar"), "{refused:#}");
}
