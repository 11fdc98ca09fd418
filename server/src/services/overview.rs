//! Where a project stands in its loop: what each step holds, and the first thing that is missing.

use shared::{
    dataset::Dataset,
    evaluation::Evaluation,
    ids::ModelVersionId,
    job::JobState,
    model::{ModelKind, ModelVersion, PRODUCTION},
    overview::{NextStep, Overview, Step, StepState, StepSummary},
    queue::Queue,
    report::ReportSummary,
    run::RunSummary,
    spec::SpecVersionSummary,
    suite::{Suite, SuiteKind},
};
use store::{
    alias_moves, datasets, evaluations, models, prompts, queues, reports, runs, specs, suites,
};

use crate::{app::App, error::ApiResult, extract::ProjectAccess};

/// How many of the newest runs and evaluations are looked at.
const NEWEST: u32 = 200;

/// Everything that the loop is told from.
struct Holdings {
    spec: Option<SpecVersionSummary>,
    datasets: Vec<Dataset>,
    suites: Vec<Suite>,
    prompts: usize,
    queues: Vec<Queue>,
    runs: Vec<RunSummary>,
    evaluations: Vec<Evaluation>,
    reports: Vec<ReportSummary>,
    models: Vec<ModelVersion>,
    production: Option<ModelVersionId>,
}

/// The loop of a project.
pub async fn get_overview(app: &App, access: &ProjectAccess) -> ApiResult<Overview> {
    let id = access.project_id();
    let mut tx = app.store.read().await?;
    let moves = alias_moves::list(&mut tx, id, PRODUCTION).await?;
    let holdings = Holdings {
        spec: specs::latest(&mut tx, id).await?,
        datasets: datasets::list_of_project(&mut tx, id).await?,
        suites: suites::list(&mut tx, id).await?,
        prompts: prompts::list(&mut tx, id).await?.len(),
        queues: queues::list(&mut tx, id).await?,
        runs: runs::list_of_project(&mut tx, id, None, NEWEST).await?,
        evaluations: evaluations::list_of_project(&mut tx, id, None, NEWEST).await?,
        reports: reports::list(&mut tx, id).await?,
        models: models::list_versions(&mut tx, id).await?,
        production: moves.first().map(|made| made.model_version_id),
    };
    Ok(holdings.overview())
}

impl Holdings {
    fn overview(&self) -> Overview {
        let step = |step, state, summary| StepSummary {
            step,
            state,
            summary,
        };
        let (queue_state, queue_summary) = self.queue_step();
        let (run_state, run_summary) = self.run_step();
        Overview {
            steps: vec![
                self.spec_step(),
                self.data_step(),
                self.suite_step(),
                step(
                    Step::Prompts,
                    done_if(self.prompts > 0),
                    counted(self.prompts, "prompt"),
                ),
                step(Step::Queues, queue_state, queue_summary),
                step(Step::Runs, run_state, run_summary),
                self.evaluation_step(),
                step(
                    Step::Reports,
                    done_if(!self.reports.is_empty()),
                    counted(self.reports.len(), "report"),
                ),
                self.model_step(),
            ],
            next: self.next(),
            production: self.production.and_then(|id| self.name_of(id)),
            verdict: self.reports.first().map(|report| report.verdict.clone()),
        }
    }

    fn spec_step(&self) -> StepSummary {
        let summary = self.spec.as_ref().map_or_else(nothing, |spec| {
            let clauses = usize::try_from(spec.clause_count).unwrap_or_default();
            format!("v{}, {}", spec.number, counted(clauses, "clause"))
        });
        StepSummary {
            step: Step::Spec,
            state: done_if(self.spec.is_some()),
            summary,
        }
    }

    fn data_step(&self) -> StepSummary {
        let cut = self
            .datasets
            .iter()
            .filter(|one| one.latest_version.is_some());
        let cut = cut.count();
        let state = match (self.datasets.len(), cut) {
            (0, _) => StepState::Empty,
            (_, 0) => StepState::Open,
            _ => StepState::Done,
        };
        let summary = match self.datasets.len() {
            0 => nothing(),
            all if all == cut => counted(all, "dataset"),
            all => format!("{}, {cut} with a version", counted(all, "dataset")),
        };
        StepSummary {
            step: Step::Data,
            state,
            summary,
        }
    }

    fn suite_step(&self) -> StepSummary {
        let locked = self.suites.iter().filter(|suite| suite.locked_at.is_some());
        let locked = locked.count();
        let state = match (self.suites.len(), locked) {
            (0, _) => StepState::Empty,
            (_, 0) => StepState::Open,
            _ => StepState::Done,
        };
        let summary = match self.suites.len() {
            0 => nothing(),
            all => format!("{}, {locked} locked", counted(all, "suite")),
        };
        StepSummary {
            step: Step::Suites,
            state,
            summary,
        }
    }

    fn queue_step(&self) -> (StepState, String) {
        let wanted: i64 = self.queues.iter().map(|queue| queue.progress.wanted).sum();
        let made: i64 = self.queues.iter().map(|queue| queue.progress.done).sum();
        match wanted {
            0 => (StepState::Empty, nothing()),
            _ if made < wanted => (StepState::Open, format!("{made} of {wanted} judged")),
            _ => (StepState::Done, format!("all {wanted} judged")),
        }
    }

    fn run_step(&self) -> (StepState, String) {
        let open = self.runs.iter().filter(|run| run.state.is_open()).count();
        match self.runs.len() {
            0 => (StepState::Empty, nothing()),
            all if open > 0 => (
                StepState::Open,
                format!("{}, {open} under way", counted(all, "run")),
            ),
            all => (StepState::Done, counted(all, "run")),
        }
    }

    fn evaluation_step(&self) -> StepSummary {
        let open = self.evaluations.iter().filter(|one| one.state.is_open());
        let open = open.count();
        let finished = self.finished().count();
        let state = match (open, finished) {
            (0, 0) => StepState::Empty,
            (0, _) => StepState::Done,
            _ => StepState::Open,
        };
        let summary = match (open, finished) {
            (0, 0) => nothing(),
            (0, _) => format!("{finished} finished"),
            _ => format!("{finished} finished, {open} under way"),
        };
        StepSummary {
            step: Step::Evaluations,
            state,
            summary,
        }
    }

    fn model_step(&self) -> StepSummary {
        let state = match (self.models.is_empty(), self.production) {
            (true, _) => StepState::Empty,
            (false, None) => StepState::Open,
            (false, Some(_)) => StepState::Done,
        };
        let summary = match self.production.and_then(|id| self.name_of(id)) {
            Some(name) => format!("{name} in production"),
            None if self.models.is_empty() => nothing(),
            None => format!(
                "{}, none in production",
                counted(self.models.len(), "version")
            ),
        };
        StepSummary {
            step: Step::Models,
            state,
            summary,
        }
    }

    fn finished(&self) -> impl Iterator<Item = &Evaluation> {
        let all = self.evaluations.iter();
        all.filter(|one| one.state == JobState::Succeeded)
    }

    fn is_evaluated(&self, version: &ModelVersion) -> bool {
        self.finished()
            .any(|one| one.request.model_version_id == version.id)
    }

    fn name_of(&self, id: ModelVersionId) -> Option<String> {
        let version = self.models.iter().find(|version| version.id == id)?;
        Some(format!("{} {}", version.name, version.number))
    }

    /// The first thing in the order of the loop that is missing.
    fn next(&self) -> Option<NextStep> {
        let (step, sentence) = self.missing_material().or_else(|| self.missing_proof())?;
        Some(NextStep { step, sentence })
    }

    /// What has to be there before anything is trained.
    fn missing_material(&self) -> Option<(Step, String)> {
        let locked = |suite: &&Suite| suite.locked_at.is_some();
        let say = |step, sentence: &str| Some((step, sentence.to_owned()));
        if self.spec.is_none() {
            return say(
                Step::Spec,
                "Write down what the model should do, as clauses that can be observed.",
            );
        }
        if self.datasets.iter().all(|one| one.latest_version.is_none()) {
            return say(
                Step::Data,
                "Import rows that show the behaviour, and cut a version of them.",
            );
        }
        let mut suites = self.suites.iter().filter(locked);
        if !suites.any(|suite| suite.kind == SuiteKind::Domain) {
            return say(
                Step::Suites,
                "Lock a domain suite before training, so that nobody can fit it to the result.",
            );
        }
        if self.models.is_empty() {
            return say(Step::Models, "Register the base model.");
        }
        None
    }

    /// What is missing between a model and its promotion.
    fn missing_proof(&self) -> Option<(Step, String)> {
        // A blank model has no behaviour that could be a baseline.
        let bases = self.models.iter().filter(|one| one.kind == ModelKind::Base);
        let bases: Vec<_> = bases.collect();
        if !bases.is_empty() && !bases.into_iter().any(|base| self.is_evaluated(base)) {
            let sentence = "Evaluate the base model with your best prompt: that is the baseline, \
                            and it shows whether training is the right lever.";
            return Some((Step::Evaluations, sentence.to_owned()));
        }
        let is_trained =
            |one: &&ModelVersion| matches!(one.kind, ModelKind::Adapter | ModelKind::Tuned);
        let Some(newest) = self.models.iter().find(is_trained) else {
            if self.runs.iter().any(|run| run.state.is_open()) {
                return None;
            }
            let sentence = "Train an adapter on the newest version of your rows.";
            return Some((Step::Runs, sentence.to_owned()));
        };
        let name = format!("{} {}", newest.name, newest.number);
        if !self.is_evaluated(newest) {
            let sentence = format!("Evaluate {name} on the suites of the baseline.");
            return Some((Step::Evaluations, sentence));
        }
        let mut of_newest = self.reports.iter();
        let Some(report) = of_newest.find(|report| report.candidate_id == newest.id) else {
            let sentence = format!("Compare {name} with the baseline in a report.");
            return Some((Step::Reports, sentence));
        };
        if report.passed && self.production != Some(newest.id) {
            let sentence = format!(
                "Report {} was passed: put {name} into production.",
                report.number
            );
            return Some((Step::Models, sentence));
        }
        let waiting = self
            .queues
            .iter()
            .find(|queue| queue.progress.done < queue.progress.wanted)?;
        let left = waiting.progress.wanted - waiting.progress.done;
        let sentence = format!(
            "{left} judgements are wanted in the queue {}.",
            waiting.name
        );
        Some((Step::Queues, sentence))
    }
}

const fn done_if(there: bool) -> StepState {
    if there {
        StepState::Done
    } else {
        StepState::Empty
    }
}

fn nothing() -> String {
    "nothing yet".to_owned()
}

fn counted(number: usize, noun: &str) -> String {
    match number {
        0 => nothing(),
        1 => format!("1 {noun}"),
        more => format!("{more} {noun}s"),
    }
}
