//! Every format that other tools write becomes the same rows.

use serde_json::{Value, json};
use tests::on_both_databases;

use super::{Desk, jsonl};

fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

fn assistant(text: &str) -> Value {
    json!({ "role": "assistant", "content": text })
}

fn completion(prompt: &[Value], answer: &str) -> Value {
    json!({ "kind": "completion", "prompt": prompt, "completion": [assistant(answer)] })
}

fn preference(prompt: &[Value], chosen: &str, rejected: &str) -> Value {
    json!({
        "kind": "preference", "prompt": prompt,
        "chosen": [assistant(chosen)], "rejected": [assistant(rejected)],
    })
}

/// A record in each known set of keys, what it is recognised as, and the content of its row.
#[expect(clippy::too_many_lines, reason = "a table")]
fn known() -> Vec<(&'static str, Value, Value)> {
    let system = json!({ "role": "system", "content": "s" });
    vec![
        (
            "prompt_completion",
            json!({ "prompt": "q", "completion": "a" }),
            completion(&[user("q")], "a"),
        ),
        (
            "prompt_completion",
            json!({ "prompt": [system, user("q")], "completion": [assistant("a")] }),
            completion(&[system.clone(), user("q")], "a"),
        ),
        (
            "preference",
            json!({ "prompt": "q", "chosen": "a", "rejected": "b" }),
            preference(&[user("q")], "a", "b"),
        ),
        (
            "preference",
            json!({ "prompt": [user("q")], "chosen": [assistant("a")], "rejected": [assistant("b")] }),
            preference(&[user("q")], "a", "b"),
        ),
        (
            "implicit_preference",
            json!({ "chosen": [user("q"), assistant("a")], "rejected": [user("q"), assistant("b")] }),
            preference(&[user("q")], "a", "b"),
        ),
        (
            "implicit_preference",
            json!({
                "chosen": "\n\nHuman: q\n\nAssistant: r\n\nHuman: q2\n\nmore\n\nAssistant: a",
                "rejected": "\n\nHuman: q\n\nAssistant: r\n\nHuman: q2\n\nmore\n\nAssistant: b",
            }),
            preference(&[user("q"), assistant("r"), user("q2\n\nmore")], "a", "b"),
        ),
        (
            "unpaired",
            json!({ "prompt": "q", "completion": "a", "label": false }),
            json!({ "kind": "unpaired", "prompt": [user("q")], "completion": [assistant("a")], "desirable": false }),
        ),
        (
            "messages",
            json!({ "messages": [user("q"), assistant("a")] }),
            json!({ "kind": "conversation", "messages": [user("q"), assistant("a")] }),
        ),
        (
            "alpaca",
            json!({
                "instruction": "q", "input": "i", "output": "a", "system": "s",
                "history": [["q0", "a0"]],
            }),
            completion(
                &[system.clone(), user("q0"), assistant("a0"), user("q\ni")],
                "a",
            ),
        ),
        (
            "alpaca_preference",
            json!({ "instruction": "q", "input": "", "chosen": "a", "rejected": "b" }),
            preference(&[user("q")], "a", "b"),
        ),
        (
            "sharegpt",
            json!({
                "system": "s",
                "conversations": [
                    { "from": "human", "value": "q" },
                    { "from": "function_call", "value": "{\"name\":\"f\"}" },
                    { "from": "observation", "value": "o" },
                    { "from": "gpt", "value": "a" },
                ],
            }),
            json!({ "kind": "conversation", "messages": [
                system, user("q"),
                { "role": "assistant", "content": "", "tool_calls": [{ "name": "f" }] },
                { "role": "tool", "content": "o" }, assistant("a"),
            ] }),
        ),
        (
            "sharegpt_preference",
            json!({
                "conversations": [{ "from": "human", "value": "q" }],
                "chosen": { "from": "gpt", "value": "a" },
                "rejected": { "from": "gpt", "value": "b" },
            }),
            preference(&[user("q")], "a", "b"),
        ),
        (
            "openai_preference",
            json!({
                "input": { "messages": [user("q")], "tools": [] },
                "preferred_output": [assistant("a")],
                "non_preferred_output": [assistant("b")],
            }),
            preference(&[user("q")], "a", "b"),
        ),
        (
            "ultrafeedback",
            json!({
                "prompt": "q", "prompt_id": "7", "messages": [user("q"), assistant("a")],
                "chosen": [user("q"), assistant("a")], "rejected": [user("q"), assistant("b")],
                "score_chosen": 8.0, "score_rejected": 2.0,
            }),
            preference(&[user("q")], "a", "b"),
        ),
        (
            "response_pair",
            json!({ "instruction": "q", "chosen_response": "a", "rejected_response": "b" }),
            preference(&[user("q")], "a", "b"),
        ),
        (
            "autotrain_preference",
            json!({ "prompt": "q", "text": "a", "rejected_text": "b" }),
            preference(&[user("q")], "a", "b"),
        ),
        (
            "question_preference",
            json!({ "question": "q", "chosen": "a", "rejected": "b" }),
            preference(&[user("q")], "a", "b"),
        ),
        (
            "question_answer",
            json!({ "question": "q", "answer": "a" }),
            completion(&[user("q")], "a"),
        ),
        (
            "labelled_text",
            json!({ "text": "q", "category": "edge" }),
            completion(&[user("q")], "edge"),
        ),
        (
            "text",
            json!({ "text": "t" }),
            json!({ "kind": "text", "text": "t" }),
        ),
    ]
}

on_both_databases! {
    async fn known_sets_of_keys_are_recognised_and_become_rows(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        for (shape, record, content) in known() {
            let preview = desk.preview("x.jsonl", &jsonl(std::slice::from_ref(&record))).await;
            assert_eq!(preview["shape"], shape, "{record}");
            let row = &preview["rows"][0];
            assert_eq!(row["row"]["content"], content, "{shape}: {row}");
            assert_eq!(row["row"]["coverage"], "typical", "{shape}");
        }
    }

    async fn tools_beside_the_messages_of_a_prompt_are_kept(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let tools = json!([{ "type": "function", "function": { "name": "f" } }]);
        let record = json!({
            "input": { "messages": [user("q")], "tools": tools, "parallel_tool_calls": true },
            "preferred_output": [assistant("a")],
            "non_preferred_output": [assistant("b")],
        });
        let preview = desk.preview("x.jsonl", &jsonl(&[record])).await;
        let expected = json!({ "tools": tools, "parallel_tool_calls": true });
        assert_eq!(preview["rows"][0]["row"]["data"], expected);
    }

    async fn a_table_is_read_with_its_quotes_separator_and_mark(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let table = "\u{feff}text;category\r\n\"two\nlines; \"\"quoted\"\"\";adversarial\r\nplain;b\r\n";
        let preview = desk.preview("x.csv", table).await;
        assert_eq!(preview["format"], "csv");
        assert_eq!(preview["shape"], "labelled_text");
        assert!(preview["reason"].as_str().unwrap().contains("`;`"), "{preview}");
        let import = desk.import("x.csv", table).await;
        assert_eq!((&import["imported"], &import["rejected"]), (&json!(2), &json!(0)));
        let draft = desk.draft().await;
        let content = completion(&[user("two\nlines; \"quoted\"")], "adversarial");
        assert_eq!(draft[0]["content"], content);
        // A category is what is to be learned here, and never the coverage.
        assert_eq!(draft[0]["coverage"], "typical");
        assert_eq!(draft[1]["provenance"], json!({ "source": "imported", "detail": "x.csv:4" }));
    }

    async fn an_array_of_objects_is_read_like_lines(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let array = r#" [ {"prompt": "a]", "completion": "1"},
            {"prompt": "b", "completion": {"bad": 1}},
            7, {"prompt": "c\"}", "completion": "3",
            "note": [1, {"x": "]"}]} ]"#;
        let import = desk.import("x.json", array).await;
        assert_eq!((&import["imported"], &import["rejected"]), (&json!(2), &json!(2)));
        let draft = desk.draft().await;
        assert_eq!(draft[1]["content"]["prompt"][0]["content"], "c\"}");
        assert_eq!(draft[1]["data"]["note"], json!([1, { "x": "]" }]));
        let rejected = desk.rejections(&import).await;
        assert_eq!((&rejected[0]["line"], &rejected[0]["record"]), (&json!(2), &json!(2)));
        assert_eq!((&rejected[1]["line"], &rejected[1]["record"]), (&json!(3), &json!(3)));
        assert!(rejected[1]["reason"].as_str().unwrap().contains("a number"), "{rejected:?}");
    }

    async fn what_rows_cover_cite_and_are_tagged_with_is_understood(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let record = json!({
            "prompt": "q", "completion": "a", "coverage": "negative", "clauses": ["json-only"],
            "tags": ["short"], "category": "billing", "id": 17,
        });
        desk.import("x.jsonl", &jsonl(&[record])).await;
        let row = &desk.draft().await[0];
        assert_eq!(row["coverage"], "negative");
        assert_eq!(row["clauses"], json!(["json-only"]));
        assert_eq!(row["tags"], json!(["short", "billing"]));
        assert_eq!(row["data"], json!({ "id": 17 }));
    }

    async fn votes_and_margins_stand_beside_the_answers_of_a_pair(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let table = "prompt,chosen,rejected,votes_chosen,votes_rejected,margin\n\
                     q,a,b,2.0,1,0.10\nq,a,c,,,\nq,a,d,,,-1\nq,a,e,1,2,\nq,a,f,1,,\n";
        let import = desk.import("x.csv", table).await;
        assert_eq!((&import["imported"], &import["rejected"]), (&json!(3), &json!(2)));
        let draft = desk.draft().await;
        let mut judged = preference(&[user("q")], "a", "b");
        judged["votes"] = json!({ "chosen": 2, "rejected": 1 });
        judged["margin"] = json!(0.1);
        assert_eq!(draft[0]["content"], judged);
        assert_eq!(draft[1]["content"], preference(&[user("q")], "a", "c"));
        let mut wide = preference(&[user("q")], "a", "d");
        wide["margin"] = json!(-1.0);
        assert_eq!(draft[2]["content"], wide);
        let rejected = desk.rejections(&import).await;
        for (rejection, word) in rejected.iter().zip(["more votes", "`votes_rejected` is empty"]) {
            assert!(rejection["reason"].as_str().unwrap().contains(word), "{rejection}");
        }

        let upload = desk.upload("x.csv", table).await;
        let path = format!("{}/imports", desk.dataset);
        let half = json!({ "upload_id": upload, "mapping": { "kind": "preference", "columns": [
            { "column": "prompt", "field": "prompt" }, { "column": "chosen", "field": "chosen" },
            { "column": "rejected", "field": "rejected" },
            { "column": "votes_chosen", "field": "votes_chosen" },
        ] } });
        let refused = desk.client.post(&path, &half).await.expect(422);
        assert!(refused["fields"][0]["message"].as_str().unwrap().contains("votes_rejected"));
        let row = json!({ "content": judged, "coverage": "typical" });
        let mut wrong = row.clone();
        wrong["content"]["votes"] = json!({ "chosen": 1, "rejected": 2 });
        let path = format!("{}/draft/rows", desk.dataset);
        desk.client.post(&path, &json!({ "row": row })).await.expect(201);
        desk.client.post(&path, &json!({ "row": wrong })).await.expect(422);
    }

    async fn columns_with_other_names_are_mapped_by_hand(database: TestDatabase) {
        let mut desk = Desk::new(database).await;
        let file = "frage,antwort,art\nq,a,b\n";
        let preview = desk.preview("x.csv", file).await;
        assert_eq!((&preview["shape"], &preview["mapping"]), (&Value::Null, &Value::Null));
        assert_eq!(preview["columns"][1], json!({ "name": "antwort", "example": "a" }));
        let mapping = json!({ "kind": "completion", "columns": [
            { "column": "frage", "field": "prompt" },
            { "column": "antwort", "field": "completion" },
            { "column": "art", "field": "tags" },
        ] });
        desk.import_with("x.csv", file, json!({ "mapping": mapping })).await;
        let row = &desk.draft().await[0];
        assert_eq!(row["content"], completion(&[user("q")], "a"));
        assert_eq!(row["tags"], json!(["b"]));

        let upload = desk.upload("x.csv", file).await;
        let path = format!("{}/imports", desk.dataset);
        let lacking = json!({ "upload_id": upload, "mapping": { "kind": "completion", "columns": [
            { "column": "frage", "field": "prompt" }, { "column": "art", "field": "prompt" },
        ] } });
        let refused = desk.client.post(&path, &lacking).await.expect(422);
        assert_eq!(refused["fields"].as_array().unwrap().len(), 2, "{refused}");
    }
}
