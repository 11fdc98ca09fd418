//! Finished evaluations of two models, written as their jobs would leave them.

use serde_json::{Value, json};
use shared::{
    check::CheckResult,
    evaluation::{CreateEvaluation, Decoding, Evaluation, EvaluationResult, EvaluationSummary},
    ids::{EvaluationId, JobId, ModelId, ModelVersionId, ProjectId, SuiteId},
    job::{Job, JobKind, JobState},
    model::{ModelKind, ModelVersion},
    suite::SuiteItem,
};
use store::{
    Tx, evaluation_results,
    evaluations::{self, EvaluationRecord},
    jobs::{self, Lease},
    models, suites,
};
use tests::{Client, TestApp};
use uuid::Uuid;

/// A project with two models, and an evaluation of each on every suite.
pub(super) struct Evidence {
    pub(super) pairs: Vec<Value>,
    pub(super) baseline: ModelVersionId,
    pub(super) candidate: ModelVersionId,
}

impl Evidence {
    /// Makes the project `p` with what a plan says: suites by kind, their items, and how many of
    /// them the baseline (from the first on) and the candidate (up to the last) pass.
    pub(super) async fn gather(
        app: &TestApp,
        client: &mut Client,
        plan: &[(&str, usize, usize, usize)],
    ) -> Self {
        let project = client
            .post("/api/projects", &json!({ "name": "P" }))
            .await
            .expect(201);
        let project_id: ProjectId = serde_json::from_value(project["id"].clone()).unwrap();
        let baseline = model(app, project_id, "Baseline").await;
        let candidate = model(app, project_id, "Candidate").await;
        let mut pairs = Vec::new();
        for (kind, items, before, after) in plan {
            let suite_id = suite(client, kind, *items).await;
            let passes = |index: usize| index < *before;
            let old = evaluation(app, project_id, baseline, suite_id, &passes).await;
            let passes = |index: usize| index >= items - after;
            let new = evaluation(app, project_id, candidate, suite_id, &passes).await;
            pairs.push(json!({ "baseline": old, "candidate": new }));
        }
        Self {
            pairs,
            baseline,
            candidate,
        }
    }
}

async fn suite(client: &mut Client, kind: &str, items: usize) -> SuiteId {
    let items: Vec<Value> = (0..items)
        .map(|index| {
            json!({ "key": format!("i{index:03}"), "input": format!("<b>item {index}</b>"),
                    "coverage": "typical" })
        })
        .collect();
    let body = json!({
        "key": kind.replace('_', "-"), "name": kind, "kind": kind,
        "pass_rule": { "rule": "all_checks" },
        "checks": [{ "name": "json", "type": "valid_json" }], "items": items,
    });
    let suite = client
        .post("/api/projects/p/suites", &body)
        .await
        .expect(201);
    let id = suite["id"].as_str().unwrap();
    let lock = format!("/api/projects/p/suites/{id}/lock");
    client.post(&lock, &json!({})).await.expect(200);
    id.parse().unwrap()
}

async fn model(app: &TestApp, project_id: ProjectId, name: &str) -> ModelVersionId {
    let context = &app.app.context;
    let mut tx = app.app.store.write().await.unwrap();
    let model_id: ModelId = context.id();
    let (model_id, number) = models::next_version(&mut tx, project_id, model_id, name)
        .await
        .unwrap();
    let version = ModelVersion {
        id: context.id(),
        model_id,
        name: name.to_owned(),
        number,
        kind: ModelKind::Base,
        path: name.to_lowercase(),
        hub: None,
        content_hash: "ab".repeat(32),
        description: "Llama".to_owned(),
        base_id: None,
        run_id: None,
        prompt_version_id: None,
        created_by: None,
        created_at: context.now(),
    };
    models::insert_version(&mut tx, &version).await.unwrap();
    tx.commit().await.unwrap();
    version.id
}

async fn evaluation(
    app: &TestApp,
    project_id: ProjectId,
    model_version_id: ModelVersionId,
    suite_id: SuiteId,
    passes: &dyn Fn(usize) -> bool,
) -> EvaluationId {
    let context = &app.app.context;
    let mut tx = app.app.store.write().await.unwrap();
    let job_id = finished_job(app, &mut tx, project_id).await;
    let record = EvaluationRecord {
        evaluation: Evaluation {
            id: context.id(),
            number: evaluations::next_number(&mut tx, project_id).await.unwrap(),
            job_id,
            state: JobState::Succeeded,
            progress: None,
            message: String::new(),
            request: CreateEvaluation {
                model_version_id,
                suite_id,
                prompt_version_id: None,
                decoding: Decoding::default(),
                best_of: None,
            },
            model_name: String::new(),
            suite_name: String::new(),
            prompt_name: String::new(),
            reward_model_name: String::new(),
            summary: None,
            created_by: None,
            created_at: context.now(),
            finished_at: None,
        },
        project_id,
        spec_version: None,
        seconds: 1.0,
    };
    let id = record.evaluation.id;
    evaluations::insert(&mut tx, &record).await.unwrap();
    let items = suites::list_items(&mut tx, suite_id, 0, 1000)
        .await
        .unwrap();
    for (index, item) in items.into_iter().enumerate() {
        let result = result(index, item, passes(index));
        evaluation_results::insert(&mut tx, id, &result)
            .await
            .unwrap();
    }
    let summary = EvaluationSummary {
        mean_prompt_tokens: 40.0,
        ..EvaluationSummary::default()
    };
    evaluations::set_summary(&mut tx, id, &summary)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id
}

fn result(index: usize, item: SuiteItem, passed: bool) -> EvaluationResult {
    EvaluationResult {
        position: i64::try_from(index).unwrap(),
        item,
        output: if passed { "{}" } else { "<i>no JSON</i>" }.to_owned(),
        passed,
        score: f64::from(u8::from(passed)),
        checks: vec![CheckResult {
            name: "json".to_owned(),
            passed,
            score: None,
            detail: String::new(),
        }],
        categories: Vec::new(),
        failed_clauses: Vec::new(),
        prompt_tokens: 40,
        output_tokens: 10,
        latency_ms: 5.0,
        cut_off: false,
        reward_score: None,
    }
}

async fn finished_job(app: &TestApp, tx: &mut Tx, project_id: ProjectId) -> JobId {
    let context = &app.app.context;
    let (now, owner) = (context.now(), context.id::<Uuid>());
    let job = Job {
        id: context.id(),
        project_id,
        kind: JobKind::Evaluation,
        title: "Evaluation".to_owned(),
        state: JobState::Queued,
        progress: None,
        message: String::new(),
        created_at: now,
        started_at: None,
        finished_at: None,
    };
    jobs::insert(tx, &job, "{}").await.unwrap();
    jobs::claim(tx, owner, now, now).await.unwrap();
    let lease = Lease {
        job_id: job.id,
        owner,
    };
    assert!(
        jobs::finish(tx, lease, JobState::Succeeded, "", now)
            .await
            .unwrap()
    );
    job.id
}
