//! Model versions written for other programs.

use std::{fs, io::Cursor, io::Read as _};

use serde_json::{Value, json};
use tests::on_both_databases;

use super::Bench;

/// The bytes that an archive holds under a name.
pub(super) fn unpacked(archive: &[u8], name: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut bytes = Vec::new();
    let mut file = archive.by_name(name).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

impl Bench {
    /// Asks for an export and waits until it is there.
    async fn export(&mut self, model: &Value, format: &str) -> (String, Value) {
        let path = format!("models/{}/exports", model["id"].as_str().unwrap());
        let asked = self.post(&path, &json!({ "format": format }), 201).await;
        assert_eq!(asked["file"], Value::Null);
        self.wait_for_job(&asked["job"]["id"], "succeeded").await;
        let list = self.get(&path).await;
        let mut list = list.as_array().unwrap().iter();
        let found = list.find(|one| one["id"] == asked["id"]);
        let address = format!("{path}/{}", asked["id"].as_str().unwrap());
        (address, found.unwrap().clone())
    }

    pub(super) async fn bytes(&mut self, path: &str) -> Vec<u8> {
        let reply = self.client.get(&format!("/api/projects/p/{path}")).await;
        assert_eq!(reply.status, 200);
        reply.bytes
    }

    /// Registers what is in the folder of models under a name.
    async fn register_export(&mut self, path: &str) -> Value {
        let body = json!({ "name": "Exported", "path": path });
        self.post("models", &body, 201).await
    }
}

on_both_databases! {
    async fn an_adapter_is_exported_once_and_can_be_downloaded_and_removed(database: TestDatabase) {
        let mut bench = Bench::new(database).await;
        bench.start_runner();
        let adapter = bench.adapter().await;
        let (address, export) = bench.export(&adapter, "gguf_f16").await;
        let file = &export["file"];
        assert_eq!(file["name"], "Tuned-v1-f16.gguf");
        assert!(file["check"]["tokens"].as_u64().unwrap() > 100, "{file}");
        assert!(file["check"]["mean_divergence"].as_f64().unwrap() < 1e-4, "{file}");
        let bytes = bench.bytes(&format!("{address}/file")).await;
        assert_eq!(file["size_bytes"], bytes.len());
        let path = format!("/api/projects/p/{address}/file");
        let mut program = bench.client.clone().with_header("accept-encoding", "gzip");
        let whole = program.get(&path).await;
        assert!(!whole.headers.contains_key("content-encoding"));
        assert_eq!(whole.headers["content-length"], bytes.len().to_string().as_str());
        let part = program.with_header("range", "bytes=0-3").get(&path).await;
        assert_eq!((part.status.as_u16(), part.bytes.as_slice()), (206, &b"GGUF"[..]));
        // It is a model that Temper reads too.
        let models = bench.app.app.data_dir.join("models");
        fs::write(models.join("exported.gguf"), bytes).unwrap();
        let registered = bench.register_export("exported.gguf").await;
        assert_eq!(registered["content_hash"], file["content_hash"]);

        // Asked for again, it is the same; it is made again where its file is gone.
        let again = json!({ "format": "gguf_f16" });
        let path = format!("models/{}/exports", adapter["id"].as_str().unwrap());
        assert_eq!(bench.post(&path, &again, 201).await["id"], export["id"]);
        let folder = bench.app.app.data_dir.join("exports");
        fs::remove_dir_all(folder.join(export["id"].as_str().unwrap())).unwrap();
        let gone = format!("/api/projects/p/{address}/file");
        let refused = bench.client.get(&gone).await.expect(409);
        assert!(refused["message"].as_str().unwrap().contains("ask for the export again"));
        let (address, other) = bench.export(&adapter, "gguf_f16").await;
        assert_ne!(other["id"], export["id"]);
        assert_eq!(bench.get(&path).await.as_array().unwrap().len(), 1);

        bench.client.delete(&format!("/api/projects/p/{address}")).await.expect(204);
        assert_eq!(bench.get(&path).await, json!([]));
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn an_exported_folder_loads_as_a_model() {
    let mut bench = Bench::new(tests::TestDatabase::sqlite().await).await;
    bench.start_runner();
    let adapter = bench.adapter().await;
    let (address, export) = bench.export(&adapter, "safetensors_bf16").await;
    assert_eq!(export["file"]["name"], "Tuned-v1-safetensors_bf16.zip");
    let archive = bench.bytes(&format!("{address}/file")).await;
    let folder = bench.app.app.data_dir.join("models/exported");
    fs::create_dir(&folder).unwrap();
    for name in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ] {
        fs::write(folder.join(name), unpacked(&archive, name)).unwrap();
    }
    let registered = bench.register_export("exported").await;
    let description = registered["description"].as_str().unwrap();
    assert!(description.contains("safetensors"), "{description}");
}

#[tokio::test]
async fn what_cannot_be_exported_says_why() {
    let mut bench = Bench::new(tests::TestDatabase::sqlite().await).await;
    let path = format!("models/{}/exports", bench.model["id"].as_str().unwrap());
    let whole = json!({ "format": "gguf_adapter" });
    let refused = bench.post(&path, &whole, 422).await;
    assert_eq!(refused["fields"][0]["field"], "format");

    // An unfinished one has no file, and is not removed under its job's feet.
    let asked = json!({ "format": "gguf_q8_0" });
    let export = bench.post(&path, &asked, 201).await;
    let address = format!("{path}/{}", export["id"].as_str().unwrap());
    let file = format!("/api/projects/p/{address}/file");
    bench.client.get(&file).await.expect(409);
    let export = format!("/api/projects/p/{address}");
    bench.client.delete(&export).await.expect(409);

    // A job whose model is gone fails with the file's name.
    fs::remove_dir_all(bench.app.app.data_dir.join("models/tiny")).unwrap();
    bench.start_runner();
    let jobs = bench.get("jobs").await;
    let failed = bench.wait_for_job(&jobs["items"][0]["id"], "failed").await;
    assert!(
        failed["message"].as_str().unwrap().contains("models/tiny"),
        "{failed}"
    );
    bench.client.delete(&export).await.expect(204);
}
