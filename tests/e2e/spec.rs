//! The spec is edited into its next version; nothing of an edit is lost when somebody was faster.

use serde_json::json;

use crate::harness::in_browser;

#[tokio::test]
async fn an_edit_of_the_spec_becomes_its_next_version() {
    in_browser("spec", async |page, server| {
        let slug = server.load_sample().await;
        page.sign_in().await;
        page.go(&format!("/p/{slug}/spec")).await;
        page.press("Edit into v2").await;
        page.find(".clause__toggle").await.click().await.unwrap();
        page.fill("Rule", "The output is one JSON object and nothing else.")
            .await;
        page.fill("Note", "Say it shorter").await;
        page.press("Save as v2").await;
        page.see("Spec v2 is saved.").await;
        page.see("Say it shorter").await;
        page.press("changes").await;
        page.see("From v1 to v2: 0 clauses added, 0 removed, 1 changed")
            .await;
    })
    .await;
}

#[tokio::test]
async fn an_edit_that_comes_second_is_kept_and_takes_the_first_over() {
    in_browser("spec-conflict", async |page, server| {
        let slug = server.load_sample().await;
        page.sign_in().await;
        page.go(&format!("/p/{slug}/spec/edit")).await;
        page.find(".clause__toggle").await.click().await.unwrap();
        page.fill("Rule", "My own words.").await;
        add_clause_meanwhile(page, &slug).await;
        page.press("Save as v2").await;
        page.see("v2 was saved meanwhile: 1 added").await;
        page.press("Take their changes over").await;
        page.see("says-hello").await;
        page.press("Save as v3").await;
        page.see("Spec v3 is saved.").await;
        page.see("My own words.").await;
        page.see("says-hello").await;
    })
    .await;
}

/// Somebody else with the same session saves the next version: one more clause.
async fn add_clause_meanwhile(page: &crate::harness::Page, slug: &str) {
    const SCRIPT: &str = "const [path, done] = arguments;
        const spec = await (await fetch(path + '/1')).json();
        const clause = { key: 'says-hello', text: 'It says hello.', kind: 'style', priority: 'could' };
        const body = JSON.stringify({ based_on: 1, note: '', clauses: [...spec.clauses, clause] });
        const headers = { 'Content-Type': 'application/json' };
        const answer = await fetch(path, { method: 'POST', headers, body });
        return answer.status;";
    let path = format!("/api/projects/{slug}/spec/versions");
    let script = format!("return (async function() {{ {SCRIPT} }}).apply(null, arguments)");
    let status = page.client().execute(&script, vec![json!(path)]).await;
    assert_eq!(status.unwrap(), 201);
}
