//! The application starts, under its content security policy; and the harness finds things by the
//! names that a person sees.

use crate::harness::in_browser;

#[tokio::test]
async fn the_first_page_appears() {
    in_browser("start", async |page, _server| {
        page.go("/").await;
        page.find("main h1").await;
        page.take_picture("first-page").await;
    })
    .await;
}

#[tokio::test]
async fn a_part_that_cannot_be_fetched_is_told_and_fetched_again() {
    in_browser("parts", async |page, server| {
        let slug = server.load_sample().await;
        page.sign_in().await;
        page.block(&["*/assets/split_*", "*/assets/chunk_*"]).await;
        page.go(&format!("/p/{slug}")).await;
        page.see("Recent changes").await;
        page.go(&format!("/p/{slug}/runs")).await;
        page.see("This page could not be loaded").await;
        page.take_picture("failed-part").await;
        page.block(&[]).await;
        page.press("Try again").await;
        page.see("No runs yet").await;
        let errors = page.console_errors().await;
        assert!(
            errors
                .iter()
                .all(|one| one.contains("ERR_BLOCKED") || one.contains("fetch")),
            "{errors:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_script_inside_the_page_does_not_run() {
    in_browser("inline-script", async |page, _server| {
        page.go("/").await;
        page.find("main h1").await;
        assert_eq!(page.console_errors().await, Vec::<String>::new());
        let script = "const script = document.createElement('script');
            script.textContent = 'window.injected = true';
            document.head.append(script);
            return window.injected === true;";
        let ran = page.client().execute(script, Vec::new()).await.unwrap();
        assert_eq!(ran, false);
        let errors = page.console_errors().await;
        assert_eq!(
            errors.len(),
            1,
            "the browser says what it refused: {errors:?}"
        );
        assert!(errors[0].contains("Content Security Policy"), "{errors:?}");
    })
    .await;
}

#[tokio::test]
async fn things_are_found_by_their_visible_names() {
    const FORM: &str = "<label for=a>Name</label><input id=a value=old>\
        <label>Email <input onchange=\"out.textContent = a.value + ' at ' + value\"></label>\
        <button style='display:none'>Send</button><button>Send</button><p id=out></p>";
    in_browser("names", async |page, _server| {
        page.go("/setup?filter=mine").await;
        assert_eq!(page.path().await, "/setup?filter=mine");
        page.client()
            .goto(&format!("data:text/html,{FORM}"))
            .await
            .unwrap();
        page.fill("Name", "Ada").await;
        page.fill("Email", "example.com").await;
        page.press("Send").await;
        page.see("Ada at example.com").await;
    })
    .await;
}
