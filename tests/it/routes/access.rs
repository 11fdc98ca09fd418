//! No route answers without the role it needs. The routes come from the document that the router
//! makes of itself, so a new one is tried without being named here.

use axum::http::Method;
use serde_json::{Value, json};
use server::openapi::ACCESS_EXTENSION;
use shared::account::Role;
use tests::{Client, TestApp};

/// The routes that anybody may use.
const PUBLIC: [&str; 5] = [
    "GET /api/health",
    "GET /api/setup",
    "POST /api/setup",
    "POST /api/session",
    "GET /share/{secret}",
];

struct Route {
    method: Method,
    path: String,
    access: String,
}

fn routes(document: &Value) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            routes.push(Route {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                access: operation[ACCESS_EXTENSION].as_str().unwrap().to_owned(),
            });
        }
    }
    routes
}

/// The path with the project filled in, and every other parameter with an id of nothing.
fn fill(path: &str, project: &str) -> String {
    let path = path.replace("{project}", project);
    let nothing = "00000000-0000-7000-8000-000000000000";
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { nothing } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn status(client: &mut Client, route: &Route, project: &str) -> u16 {
    let path = fill(&route.path, project);
    client
        .send(route.method.clone(), &path, Some(&json!({})))
        .await
        .status
        .as_u16()
}

#[tokio::test]
async fn every_route_but_the_public_ones_needs_a_signed_in_person() {
    let app = TestApp::start().await;
    app.admin().await;
    let mut anonymous = app.anonymous();
    let document = anonymous.get("/api/openapi.json").await.expect(200);
    for route in routes(&document) {
        let name = format!("{} {}", route.method, route.path);
        assert_eq!(
            route.access == "public",
            PUBLIC.contains(&name.as_str()),
            "{name}"
        );
        if route.access != "public" {
            assert_eq!(status(&mut anonymous, &route, "some").await, 401, "{name}");
        }
    }
}

#[tokio::test]
async fn every_route_refuses_whoever_lacks_its_role() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    admin
        .post("/api/projects", &json!({ "name": "Some" }))
        .await
        .expect(201);
    let mut stranger = app.user(&mut admin, "stranger@example.com").await;
    let mut members = Vec::new();
    for &role in Role::ALL {
        members.push((role, app.member(&mut admin, "some", role).await));
    }
    let document = admin.get("/api/openapi.json").await.expect(200);
    let mut tried = 0;
    for route in routes(&document) {
        let name = format!("{} {}", route.method, route.path);
        let Ok(needed) = route.access.parse::<Role>() else {
            if route.access == "admin" {
                assert_eq!(status(&mut stranger, &route, "some").await, 403, "{name}");
            }
            continue;
        };
        assert!(
            route.path.starts_with("/api/projects/{project}"),
            "{name} names no project"
        );
        assert_eq!(
            status(&mut stranger, &route, "some").await,
            403,
            "{name}, a stranger"
        );
        assert_eq!(
            status(&mut stranger, &route, "none").await,
            403,
            "{name}, no such project"
        );
        for (role, client) in members.iter_mut().filter(|(role, _)| *role > needed) {
            assert_eq!(
                status(client, &route, "some").await,
                403,
                "{name} as {role}"
            );
            tried += 1;
        }
    }
    assert!(tried > 5, "only {tried} refusals were tried");
}

#[tokio::test]
async fn a_role_is_enough_for_the_routes_that_name_it() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    admin
        .post("/api/projects", &json!({ "name": "Some" }))
        .await
        .expect(201);
    let document = admin.get("/api/openapi.json").await.expect(200);
    for &role in Role::ALL {
        let mut client = app.member(&mut admin, "some", role).await;
        for route in routes(&document) {
            let enough = route
                .access
                .parse::<Role>()
                .is_ok_and(|needed| role <= needed);
            // What reads may be tried without changing what the next route sees.
            if enough && route.method == Method::GET {
                let status = status(&mut client, &route, "some").await;
                assert!(
                    ![401, 403, 500].contains(&status),
                    "{} as {role}: {status}",
                    route.path
                );
            }
        }
    }
}
