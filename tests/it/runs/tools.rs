//! Runs on rows that call tools.

use super::*;

/// Written as `OpenAI`'s service and its readers write them.
fn rows() -> Vec<Value> {
    let call = |number: usize| {
        json!({ "id": "1", "type": "function",
            "function": { "name": "weather", "arguments": { "city": format!("Town {number}") } } })
    };
    let row = |number| {
        let calls = json!({ "role": "assistant", "content": "", "tool_calls": [call(number)] });
        json!({ "kind": "conversation", "messages": [
            { "role": "user", "content": format!("Rain in town {number}?") },
            calls,
            { "role": "tool", "content": "dry there", "tool_call_id": "1", "name": "weather" },
            { "role": "assistant", "content": "No." },
        ] })
    };
    (0..8).map(row).collect()
}

impl Lab {
    /// A base with the template of a fixture that knows tools.
    async fn base_with_tools(&mut self) -> String {
        let models = self.app.app.data_dir.join("models");
        fs::create_dir(models.join("calling")).unwrap();
        for entry in fs::read_dir(models.join("tiny")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), models.join("calling").join(entry.file_name())).unwrap();
        }
        let vectors = fs::read_to_string(format!("{TINY}/../tools.json")).unwrap();
        let vectors: Value = serde_json::from_str(&vectors).unwrap();
        let template = models.join("calling/chat_template.jinja");
        fs::write(template, text(&vectors["template"])).unwrap();
        let body = json!({ "name": "Calling", "path": "calling" });
        let base = self.client.post("/api/projects/p/models", &body).await;
        text(&base.expect(201)["id"])
    }

    /// A dataset with tools that its rows may call.
    async fn tool_rows(&mut self) -> String {
        let body = json!({ "name": "Calls" });
        let made = self.client.post("/api/projects/p/datasets", &body).await;
        let path = format!("/api/projects/p/datasets/{}", text(&made.expect(201)["id"]));
        let tools = json!([{ "type": "function",
            "function": { "name": "weather", "description": "Tells the weather." } }]);
        for content in rows() {
            let row =
                json!({ "content": content, "coverage": "typical", "data": { "tools": tools } });
            let rows = format!("{path}/draft/rows");
            self.client
                .post(&rows, &json!({ "row": row }))
                .await
                .expect(201);
        }
        let versions = format!("{path}/versions");
        let body = json!({ "validation_share": 0.25 });
        text(&self.client.post(&versions, &body).await.expect(201)["id"])
    }
}

#[tokio::test]
async fn calls_are_learned_with_a_template_that_knows_tools_and_missed_with_any_other() {
    let mut lab = Lab::new(TestDatabase::sqlite().await).await;
    let mut request = lab.request();
    request["dataset_version_id"] = json!(lab.tool_rows().await);
    let path = format!("{RUNS}/preflight");
    let told = lab.client.post(&path, &request).await.expect(200);
    let finding = &told["findings"][0];
    assert_eq!(
        (&finding["severity"], &finding["code"]),
        (&json!("warning"), &json!("hidden_tools"))
    );
    assert!(
        finding["message"]
            .as_str()
            .unwrap()
            .starts_with("6 rows offer"),
        "{finding}"
    );

    request["base_id"] = json!(lab.base_with_tools().await);
    let told = lab.client.post(&path, &request).await.expect(200);
    assert_eq!(told["findings"], json!([]));
    let ask = json!({ "run": request, "count": 1 });
    let shown = lab
        .client
        .post(&format!("{RUNS}/render"), &ask)
        .await
        .expect(200);
    let tokens = shown[0]["texts"][0]["tokens"].as_array().unwrap();
    let said = |learned: bool| {
        let tokens = tokens.iter().filter(|token| token["learned"] == learned);
        tokens.map(|token| text(&token["text"])).collect::<String>()
    };
    let (read, learned) = (said(false), said(true));
    assert!(
        read.contains("Tells the weather.") && read.contains("dry there"),
        "{read}"
    );
    assert!(
        learned.starts_with(r#"<call>{"name": "weather", "arguments": {"city": "Town"#),
        "{learned}"
    );
    assert!(learned.ends_with("No.\n<|im_end|>\n"), "{learned}");
    lab.train(&request).await;
}
