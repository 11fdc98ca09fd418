//! Uploads: whole or not at all, and refused with the line and the remedy.

use serde_json::json;
use tests::on_both_databases;

use super::Desk;

const PATH: &str = "/api/projects/p/uploads?filename=x.csv";

fn files(desk: &Desk) -> usize {
    let folder = desk.app.app.data_dir.join("uploads");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

on_both_databases! {
    async fn other_encodings_are_refused_with_the_line_and_a_remedy(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let latin = b"text,category\nplain,a\ncaf\xe9,b\n".to_vec();
        let refused = desk.client.post_file(PATH, latin).await.expect(422);
        let message = refused["fields"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("line 3") && message.contains("iconv"), "{message}");
        let wide: Vec<u8> = "\u{feff}text".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let refused = desk.client.post_file(PATH, wide).await.expect(422);
        assert!(refused["message"].as_str().unwrap().contains("UTF-16"), "{refused}");
        assert_eq!(files(&desk), 0, "nothing is left behind");
    }

    async fn a_file_over_the_limit_is_refused_and_leaves_nothing(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let refused = desk.client.post_file(PATH, vec![b'a'; (1 << 20) + 1]).await.expect(413);
        assert!(refused["message"].as_str().unwrap().contains("TEMPER_MAX_UPLOAD_BYTES"));
        assert_eq!(files(&desk), 0);
        desk.client.post_file(PATH, vec![b'a'; 1 << 20]).await.expect(201);
        assert_eq!(files(&desk), 1);
    }

    async fn an_interrupted_upload_leaves_nothing(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let pieces = [Ok("text\n"), Err(std::io::Error::other("the browser went away"))];
        let body = axum::body::Body::from_stream(futures::stream::iter(pieces));
        desk.client.post_file(PATH, body).await.expect(422);
        assert_eq!(files(&desk), 0);
    }

    async fn an_upload_can_be_removed_and_an_old_one_goes_by_itself(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let first = desk.upload("a.csv", "text\nx\n").await;
        desk.client.delete(&format!("/api/projects/p/uploads/{first}")).await.expect(204);
        assert_eq!(files(&desk), 0);
        desk.upload("b.csv", "text\nx\n").await;
        desk.app.advance(chrono::TimeDelta::days(8));
        desk.upload("c.csv", "text\nx\n").await;
        assert_eq!(files(&desk), 1);
    }

    async fn an_empty_file_has_no_preview(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let upload = desk.upload("a.csv", " \n").await;
        let path = format!("/api/projects/p/uploads/{upload}/preview");
        let refused = desk.client.post(&path, &json!({})).await.expect(422);
        assert_eq!(refused["fields"][0], json!({ "field": "file", "message": "is empty" }));
    }
}
