//! The live stream: complete, in order, and taken up where it was lost.

use super::*;
use tests::on_both_databases;

on_both_databases! {
    async fn a_watcher_sees_everything_in_order(database: TestDatabase) {
        let mut lab = Lab::new(database).await;
        let run = lab.create(&lab.request()).await;
        let mut stream = lab.client.watch("/api/projects/p/live?run=1", None).await;
        let first = stream.next().await.unwrap();
        assert_eq!((first.name.as_str(), first.id), ("run", None));
        assert_eq!((&first.data["type"], &first.data["state"]), (&json!("run"), &json!("queued")));
        let runner = lab.start_runner();
        let mut seen = Vec::new();
        loop {
            let sent = stream.next().await.unwrap();
            if sent.name == "run" {
                assert_eq!(sent.id, None);
                if sent.data["state"] == "succeeded" {
                    break;
                }
                continue;
            }
            assert_eq!(sent.id, sent.data["seq"].as_i64());
            let mut event = sent.data;
            assert_eq!(event.as_object_mut().unwrap().remove("type"), Some(json!("event")));
            seen.push(event);
        }
        runner.abort();
        places(&seen);
        assert_eq!(seen, lab.events(&run).await);

        // Who lost the stream goes on behind what they had read.
        let known = 3;
        let last = seen[known - 1]["seq"].as_i64();
        let mut stream = lab.client.watch("/api/projects/p/live?run=1", last).await;
        for event in &seen[known..] {
            assert_eq!(stream.next().await.unwrap().id, event["seq"].as_i64());
        }
        let last = stream.next().await.unwrap();
        assert_eq!(last.name, "run", "what ends a run comes before its end");
        assert_eq!(last.data["state"], "succeeded");
        lab.app.app.lifecycle.stop();
        assert_eq!(stream.next().await, None, "a stream ends when the server stops");
    }
}

#[tokio::test]
async fn a_run_that_is_not_there_cannot_be_watched() {
    let mut lab = Lab::without_suite(TestDatabase::sqlite().await).await;
    let path = "/api/projects/p/live?run=7";
    lab.client.get(path).await.expect(404);
    lab.client.get("/api/projects/p/live").await.expect(422);
}
