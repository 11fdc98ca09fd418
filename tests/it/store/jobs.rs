//! Jobs are claimed once, held by a lease, and come back when their runner dies.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    ids::{JobId, ProjectId},
    job::{Job, JobKind, JobState},
};
use store::{
    Store,
    jobs::{self, JobRecord, Lease},
    projects::{self, ProjectRecord},
};
use tests::on_both_databases;
use uuid::Uuid;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

async fn queue_jobs(store: &Store, count: u128) -> ProjectId {
    let mut tx = store.write().await.unwrap();
    let project_id = ProjectId(Uuid::from_u128(1));
    let project = ProjectRecord {
        id: project_id,
        slug: "p".into(),
        name: "P".into(),
        description: String::new(),
        created_at: now(),
    };
    projects::insert(&mut tx, &project).await.unwrap();
    for number in 0..count {
        let job = Job {
            id: JobId(Uuid::from_u128(100 + number)),
            project_id,
            kind: JobKind::Evaluation,
            title: format!("job {number}"),
            state: JobState::Queued,
            progress: None,
            message: String::new(),
            created_at: now(),
            started_at: None,
            finished_at: None,
        };
        jobs::insert(&mut tx, &job, "{}").await.unwrap();
    }
    tx.commit().await.unwrap();
    project_id
}

async fn claim(store: &Store, owner: u128, at: DateTime<Utc>) -> Option<JobRecord> {
    let mut tx = store.write().await.unwrap();
    let owner = Uuid::from_u128(owner);
    let job = jobs::claim(&mut tx, owner, at + TimeDelta::seconds(30), at)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    job
}

on_both_databases! {
    async fn runners_that_claim_at_once_get_different_jobs(database: TestDatabase) {
        queue_jobs(&database.store, 20).await;
        let claims = (0..24).map(|owner| claim(&database.store, owner, now()));
        let claimed = futures::future::join_all(claims).await;
        let ids: Vec<_> = claimed.iter().flatten().map(|record| record.job.id).collect();
        assert_eq!(ids.len(), 20, "no runner goes empty while work remains");
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 20, "no job is claimed twice");
        assert!(claimed.iter().flatten().all(|record| record.attempt == 1));
    }

    async fn a_job_whose_runner_died_is_claimed_again_and_the_dead_runner_changes_nothing(
        database: TestDatabase
    ) {
        let store = &database.store;
        let project_id = queue_jobs(store, 1).await;
        let first = claim(store, 1, now()).await.unwrap();
        let dead = Lease { job_id: first.job.id, owner: Uuid::from_u128(1) };
        assert!(claim(store, 2, now()).await.is_none());

        let later = now() + TimeDelta::seconds(31);
        let mut tx = store.write().await.unwrap();
        assert_eq!(jobs::requeue_expired(&mut tx, now() + TimeDelta::seconds(29)).await.unwrap(), 0);
        assert_eq!(jobs::requeue_expired(&mut tx, later).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let second = claim(store, 2, later).await.unwrap();
        assert_eq!((second.job.id, second.attempt), (first.job.id, 2));

        let mut tx = store.write().await.unwrap();
        assert_eq!(jobs::renew(&mut tx, dead, later).await.unwrap(), None);
        assert!(!jobs::set_progress(&mut tx, dead, Some(0.5), "late").await.unwrap());
        let ended = jobs::finish(&mut tx, dead, JobState::Succeeded, "late", later).await.unwrap();
        assert!(!ended);
        let alive = Lease { owner: Uuid::from_u128(2), ..dead };
        assert!(jobs::finish(&mut tx, alive, JobState::Succeeded, "done", later).await.unwrap());
        let job = jobs::get(&mut tx, project_id, first.job.id).await.unwrap().unwrap().job;
        assert_eq!((job.state, job.message.as_str()), (JobState::Succeeded, "done"));
    }

    async fn a_waiting_job_is_cancelled_at_once_and_a_running_one_is_told(database: TestDatabase) {
        let store = &database.store;
        let project_id = queue_jobs(store, 2).await;
        let running = claim(store, 1, now()).await.unwrap();
        let lease = Lease { job_id: running.job.id, owner: Uuid::from_u128(1) };
        let waiting = JobId(Uuid::from_u128(101));
        let mut tx = store.write().await.unwrap();
        for id in [running.job.id, waiting] {
            assert!(jobs::request_cancel(&mut tx, id, now()).await.unwrap());
        }
        assert!(!jobs::request_cancel(&mut tx, waiting, now()).await.unwrap());
        assert_eq!(jobs::renew(&mut tx, lease, now()).await.unwrap(), Some(true));
        let job = jobs::get(&mut tx, project_id, waiting).await.unwrap().unwrap().job;
        assert_eq!((job.state, job.finished_at), (JobState::Cancelled, Some(now())));
        tx.commit().await.unwrap();
        assert!(claim(store, 2, now()).await.is_none());
    }
}
