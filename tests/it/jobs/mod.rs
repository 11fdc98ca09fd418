//! The runner: jobs end as their handler says, stop when asked, and go on after a restart.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};
use server::{
    app::App,
    jobs::{self, Handlers, JobControl, JobError, JobHandler, JobResult, Timing},
};
use shared::{
    ids::ProjectId,
    job::{Job, JobKind, JobState},
};
use store::jobs::JobRecord;
use tests::{Client, TestApp};

const TIMING: Timing = Timing {
    poll: Duration::from_millis(10),
    heartbeat: Duration::from_millis(10),
    lease: Duration::from_secs(30),
};

/// Does what the job's payload says.
#[derive(Debug, Default)]
struct Obedient {
    started: Arc<AtomicUsize>,
}

impl JobHandler for Obedient {
    fn run<'job>(
        &'job self,
        app: &'job App,
        job: &'job JobRecord,
        control: &'job JobControl,
    ) -> BoxFuture<'job, JobResult> {
        async move {
            self.started.fetch_add(1, Ordering::SeqCst);
            match job.payload.as_str() {
                "succeed" => {
                    control.progress(app, Some(0.5), "half way").await?;
                    Ok("all done".to_owned())
                }
                "fail" => Err(JobError::Failed("the file has no rows".to_owned())),
                "panic" => panic!("a slip"),
                _ => {
                    control.stopped().cancelled().await;
                    control.check()?;
                    Ok("was not stopped".to_owned())
                }
            }
        }
        .boxed()
    }
}

async fn start() -> (TestApp, Client, Arc<AtomicUsize>) {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;
    admin
        .post("/api/projects", &json!({ "name": "P" }))
        .await
        .expect(201);
    let handler = Obedient::default();
    let started = handler.started.clone();
    let handlers: Handlers = Arc::new(HashMap::from([(
        JobKind::Evaluation,
        Box::new(handler) as Box<dyn JobHandler>,
    )]));
    app.app
        .lifecycle
        .spawn(jobs::run(app.app.clone(), handlers, TIMING));
    (app, admin, started)
}

async fn enqueue(app: &TestApp, admin: &mut Client, payload: &str) -> String {
    let project = admin.get("/api/projects/p").await.expect(200);
    let project_id: ProjectId = project["id"].as_str().unwrap().parse().unwrap();
    let job = Job {
        id: app.app.context.id(),
        project_id,
        kind: JobKind::Evaluation,
        title: payload.to_owned(),
        state: JobState::Queued,
        progress: None,
        message: String::new(),
        created_at: app.app.context.now(),
        started_at: None,
        finished_at: None,
    };
    let mut tx = app.app.store.write().await.unwrap();
    store::jobs::insert(&mut tx, &job, payload).await.unwrap();
    tx.commit().await.unwrap();
    app.app.job_wake.notify_one();
    job.id.to_string()
}

async fn job(admin: &mut Client, id: &str) -> Value {
    let page = admin.get("/api/projects/p/jobs").await.expect(200);
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|job| job["id"] == id)
        .unwrap()
        .clone()
}

/// Waits until the job is in a state, and fails after ten seconds.
async fn wait_for(admin: &mut Client, id: &str, state: &str) -> Value {
    for _ in 0..1000 {
        let job = job(admin, id).await;
        if job["state"] == state {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {state}: {}", job(admin, id).await);
}

#[tokio::test]
async fn a_job_ends_as_its_handler_says() {
    let (app, mut admin, _) = start().await;
    let good = enqueue(&app, &mut admin, "succeed").await;
    let bad = enqueue(&app, &mut admin, "fail").await;
    let slip = enqueue(&app, &mut admin, "panic").await;
    let done = wait_for(&mut admin, &good, "succeeded").await;
    assert_eq!(
        (&done["message"], &done["progress"]),
        (&json!("all done"), &json!(0.5))
    );
    let failed = wait_for(&mut admin, &bad, "failed").await;
    assert_eq!(failed["message"], "the file has no rows");
    let failed = wait_for(&mut admin, &slip, "failed").await;
    assert!(failed["message"].as_str().unwrap().contains("a slip"));
}

#[tokio::test]
async fn a_running_job_stops_when_it_is_cancelled() {
    let (app, mut admin, _) = start().await;
    let id = enqueue(&app, &mut admin, "wait").await;
    wait_for(&mut admin, &id, "running").await;
    let path = format!("/api/projects/p/jobs/{id}/cancel");
    admin.post(&path, &json!({})).await.expect(200);
    wait_for(&mut admin, &id, "cancelled").await;
    admin.post(&path, &json!({})).await.expect(409);
}

#[tokio::test]
async fn a_job_goes_back_to_the_queue_when_the_server_stops() {
    let (app, mut admin, started) = start().await;
    let id = enqueue(&app, &mut admin, "wait").await;
    wait_for(&mut admin, &id, "running").await;
    app.app.lifecycle.finish().await;
    assert_eq!(job(&mut admin, &id).await["state"], "queued");
    assert_eq!(started.load(Ordering::SeqCst), 1);
}
