//! Regression reports: made once from finished evaluations, frozen, read and shared.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `paired` | two models' verdicts on the same items |
//! | `suites` | one suite, compared |
//! | `clauses` | one clause, compared over all suites |
//! | `gates` | whether a candidate met what it was held to |
//! | `findings` | the sentences, and the verdict |
//! | `words` | numbers as text |
//! | `sharing` | read-only links |

mod clauses;
mod findings;
mod gates;
mod paired;
pub mod sharing;
mod suites;
pub(crate) mod words;

use shared::{
    evaluation::{Decoding, Evaluation, EvaluationResult},
    ids::EvaluationId,
    job::JobState,
    model::ModelVersion,
    report::{
        ChoiceOfAnswers, ClauseComparison, CreateReport, EvaluationPair, Report, ReportSnapshot,
        ReportSummary, Subject, SuiteComparison,
    },
    suite::{MAX_SUITE_ITEMS, Suite, SuiteKind},
};
use statistics::{Confidence, StatisticsError, holm};
use store::{Tx, evaluation_results, evaluations, models, reports, runs, specs, suites as stored};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::change::Change,
};

use self::suites::{Matched, Side};

/// The level of all intervals.
const CONFIDENCE: f64 = 0.95;

/// The most suites that one report compares.
const MAX_SUITES: usize = 20;

/// The reports of a project, newest first.
pub async fn list_reports(app: &App, access: &ProjectAccess) -> ApiResult<Vec<ReportSummary>> {
    let mut tx = app.store.read().await?;
    Ok(reports::list(&mut tx, access.project_id()).await?)
}

/// One report.
pub async fn get_report(app: &App, access: &ProjectAccess, number: i64) -> ApiResult<Report> {
    let mut tx = app.store.read().await?;
    let summary = reports::get_summary(&mut tx, access.project_id(), number).await?;
    let id = summary.ok_or(ApiError::NotFound("report"))?.id;
    let report = reports::get(&mut tx, id).await?;
    report.ok_or(ApiError::NotFound("report"))
}

/// Compares finished evaluations and freezes what comes of it.
pub async fn create_report(
    app: &App,
    access: &ProjectAccess,
    request: CreateReport,
) -> ApiResult<Report> {
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(ApiError::invalid("name", "must have 1 to 200 characters"));
    }
    if request.pairs.is_empty() || request.pairs.len() > MAX_SUITES {
        return Err(ApiError::invalid(
            "pairs",
            format!("must be 1 to {MAX_SUITES} pairs of evaluations, a suite each"),
        ));
    }
    let mut tx = app.store.read().await?;
    let mut material = Vec::new();
    for (index, pair) in request.pairs.iter().enumerate() {
        material.push(read_pair(&mut tx, access, index, *pair).await?);
    }
    check_sides(&material)?;
    material.sort_by_key(|pair| rank(pair.suite.kind));
    let clauses = read_clauses(&mut tx, access, &request.clauses).await?;
    let snapshot = snapshot(&mut tx, access, &material, &clauses).await?;
    drop(tx);
    let passed = snapshot.suites.iter().all(|suite| suite.outcome.passed);
    let (baseline, candidate) = (&snapshot.baseline, &snapshot.candidate);
    let summary = ReportSummary {
        id: app.context.id(),
        number: 0,
        name: name.to_owned(),
        passed,
        verdict: findings::verdict(&candidate.name(), &baseline.name(), &snapshot.suites),
        candidate_id: candidate.model_version_id,
        baseline_name: described(baseline),
        candidate_name: described(candidate),
        candidate_best_of: candidate.choice.as_ref().map(|choice| choice.answers),
        created_by: Some(access.user_id()),
        created_at: app.context.now(),
    };
    freeze(app, access, Report { summary, snapshot }).await
}

async fn freeze(app: &App, access: &ProjectAccess, mut report: Report) -> ApiResult<Report> {
    let mut change = Change::begin_in(app, access).await?;
    report.summary.number = reports::next_number(change.tx(), access.project_id()).await?;
    reports::insert(change.tx(), access.project_id(), &report).await?;
    let subject = format!("report {}", report.summary.number);
    let detail = format!("{}: {}", report.summary.name, report.summary.verdict);
    change.commit("create_report", subject, &detail).await?;
    Ok(report)
}

/// A suite with both of its evaluations.
#[derive(Debug)]
struct Material {
    suite: Suite,
    baseline: Evaluation,
    baseline_results: Vec<EvaluationResult>,
    candidate: Evaluation,
    candidate_results: Vec<EvaluationResult>,
}

impl Material {
    fn matched(&self) -> Matched<'_> {
        Matched {
            suite: &self.suite,
            baseline: Side {
                evaluation: &self.baseline,
                results: &self.baseline_results,
            },
            candidate: Side {
                evaluation: &self.candidate,
                results: &self.candidate_results,
            },
        }
    }
}

async fn read_pair(
    tx: &mut Tx,
    access: &ProjectAccess,
    index: usize,
    pair: EvaluationPair,
) -> ApiResult<Material> {
    let field = |side: &str| format!("pairs.{index}.{side}");
    let baseline = finished(tx, access, pair.baseline, field("baseline")).await?;
    let candidate = finished(tx, access, pair.candidate, field("candidate")).await?;
    if baseline.request.suite_id != candidate.request.suite_id {
        let message = format!(
            "is of the suite {}, but the baseline's is of {}: compare evaluations of one suite",
            candidate.suite_name, baseline.suite_name
        );
        return Err(ApiError::invalid(field("candidate"), message));
    }
    if !baseline.request.is_comparable_to(&candidate.request) {
        let message = "was made with other decoding settings than the baseline's: repeat one of \
                       them";
        return Err(ApiError::invalid(field("candidate"), message));
    }
    let suite = stored::get(tx, access.project_id(), baseline.request.suite_id).await?;
    Ok(Material {
        suite: suite.ok_or(ApiError::NotFound("suite"))?,
        baseline_results: results(tx, &baseline).await?,
        candidate_results: results(tx, &candidate).await?,
        baseline,
        candidate,
    })
}

async fn finished(
    tx: &mut Tx,
    access: &ProjectAccess,
    id: EvaluationId,
    field: String,
) -> ApiResult<Evaluation> {
    let found = evaluations::get(tx, access.project_id(), id).await?;
    let unknown = || ApiError::invalid(field.clone(), "is no evaluation of this project");
    let evaluation = found.ok_or_else(unknown)?.evaluation;
    if evaluation.state != JobState::Succeeded {
        let message = format!(
            "evaluation {} is {}: only finished ones can be compared",
            evaluation.number, evaluation.state
        );
        return Err(ApiError::invalid(field, message));
    }
    Ok(evaluation)
}

/// The answers to every item, in the order of the suite.
async fn results(tx: &mut Tx, evaluation: &Evaluation) -> ApiResult<Vec<EvaluationResult>> {
    let all = u32::try_from(MAX_SUITE_ITEMS).unwrap_or(u32::MAX);
    Ok(evaluation_results::list(tx, evaluation.id, -1, all).await?)
}

/// All baselines are of one model with one prompt and one choice among answers, all candidates too, and no suite comes twice.
fn check_sides(material: &[Material]) -> ApiResult<()> {
    let asked = |evaluation: &Evaluation| {
        let request = &evaluation.request;
        let drawn = request.best_of.map(|best_of| {
            let max_new_tokens = 0;
            let decoding = Decoding {
                max_new_tokens,
                ..request.decoding
            };
            (best_of, decoding)
        });
        (request.model_version_id, request.prompt_version_id, drawn)
    };
    for (index, pair) in material.iter().enumerate() {
        let message =
            "is of another model, prompt or choice among answers than those of the other suites";
        if asked(&pair.baseline) != asked(&material[0].baseline) {
            return Err(ApiError::invalid(
                format!("pairs.{index}.baseline"),
                message,
            ));
        }
        if asked(&pair.candidate) != asked(&material[0].candidate) {
            return Err(ApiError::invalid(
                format!("pairs.{index}.candidate"),
                message,
            ));
        }
        let earlier = &material[..index];
        if earlier.iter().any(|other| other.suite.id == pair.suite.id) {
            let message = format!("compares {} a second time", pair.suite.name);
            return Err(ApiError::invalid(format!("pairs.{index}"), message));
        }
    }
    Ok(())
}

const fn rank(kind: SuiteKind) -> u8 {
    match kind {
        SuiteKind::Domain => 0,
        SuiteKind::GeneralAbility => 1,
        SuiteKind::OverRefusal => 2,
        SuiteKind::Robustness => 3,
    }
}

/// The keys and texts of the clauses that are to be tested.
async fn read_clauses(
    tx: &mut Tx,
    access: &ProjectAccess,
    keys: &[String],
) -> ApiResult<Vec<(String, String)>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let latest = specs::latest(tx, access.project_id()).await?;
    let spec = match latest {
        Some(latest) => specs::get(tx, access.project_id(), latest.number).await?,
        None => None,
    };
    let clauses = spec.map(|spec| spec.clauses).unwrap_or_default();
    let named = keys.iter().enumerate().map(|(index, key)| {
        let clause = clauses.iter().find(|clause| clause.key == *key);
        let clause = clause.ok_or_else(|| {
            let message = format!("{key} is no clause of the newest spec version");
            ApiError::invalid(format!("clauses.{index}"), message)
        })?;
        Ok((clause.key.clone(), clause.text.clone()))
    });
    named.collect()
}

async fn snapshot(
    tx: &mut Tx,
    access: &ProjectAccess,
    material: &[Material],
    clauses: &[(String, String)],
) -> ApiResult<ReportSnapshot> {
    let first = &material[0];
    let baseline = subject(tx, access, &first.baseline).await?;
    let candidate = subject(tx, access, &first.candidate).await?;
    let (old, new) = (
        first.baseline.request.decoding,
        first.candidate.request.decoding,
    );
    let compared = compare(material, clauses).map_err(anyhow::Error::from)?;
    let (suites, clauses) = compared;
    Ok(ReportSnapshot {
        project_name: access.project.name.clone(),
        baseline,
        candidate,
        decoding: new,
        baseline_decoding: (old != new).then_some(old),
        findings: findings::findings(&suites, &clauses, CONFIDENCE),
        hypotheses: i64::try_from(suites.len() + clauses.len()).unwrap_or(i64::MAX),
        suites,
        clauses,
        confidence: CONFIDENCE,
    })
}

type Compared = (Vec<SuiteComparison>, Vec<ClauseComparison>);

fn compare(
    material: &[Material],
    clauses: &[(String, String)],
) -> Result<Compared, StatisticsError> {
    let confidence = Confidence::two_sided(CONFIDENCE)?;
    let matched: Vec<Matched<'_>> = material.iter().map(Material::matched).collect();
    let suites: Result<Vec<_>, _> = matched
        .iter()
        .map(|pair| pair.compare(confidence))
        .collect();
    let clauses = clauses::compare(&matched, clauses, confidence)?;
    let (mut suites, mut clauses) = (suites?, clauses);
    correct(&mut suites, &mut clauses)?;
    Ok((suites, clauses))
}

/// Holm's correction over every suite and every named clause.
fn correct(
    suites: &mut [SuiteComparison],
    clauses: &mut [ClauseComparison],
) -> Result<(), StatisticsError> {
    let of_suites = suites.iter_mut().map(|suite| &mut suite.difference);
    let of_clauses = clauses.iter_mut().map(|clause| &mut clause.difference);
    let mut differences: Vec<_> = of_suites.chain(of_clauses).collect();
    let names: Vec<String> = (0..differences.len())
        .map(|index| index.to_string())
        .collect();
    let p_values = differences.iter().map(|difference| difference.p_value);
    let hypotheses: Vec<(&str, f64)> = names.iter().map(String::as_str).zip(p_values).collect();
    for adjusted in holm(&hypotheses)? {
        let index = names.iter().position(|name| *name == adjusted.hypothesis);
        if let Some(difference) = index.and_then(|index| differences.get_mut(index)) {
            difference.corrected_p_value = Some(adjusted.adjusted);
        }
    }
    Ok(())
}

async fn subject(
    tx: &mut Tx,
    access: &ProjectAccess,
    evaluation: &Evaluation,
) -> ApiResult<Subject> {
    let id = evaluation.request.model_version_id;
    let version = models::get_version(tx, access.project_id(), id).await?;
    let version = version.ok_or(ApiError::NotFound("model version"))?;
    Ok(Subject {
        model_version_id: id,
        model_name: evaluation.model_name.clone(),
        lineage: lineage(tx, access, &version).await?,
        choice: evaluation.request.best_of.map(|best_of| ChoiceOfAnswers {
            answers: best_of.answers,
            reward_model_name: evaluation.reward_model_name.clone(),
        }),
        description: version.description,
        content_hash: version.content_hash,
        prompt_version_id: evaluation.request.prompt_version_id,
        prompt_name: evaluation.prompt_name.clone(),
    })
}

/// Where an adapter comes from, such as `run 3 (sft) on SmolLM2 1`.
async fn lineage(tx: &mut Tx, access: &ProjectAccess, version: &ModelVersion) -> ApiResult<String> {
    let Some(base_id) = version.base_id else {
        return Ok(String::new());
    };
    let base = models::get_version(tx, access.project_id(), base_id).await?;
    let base = base.map_or_else(String::new, |base| {
        format!(" on {} {}", base.name, base.number)
    });
    let run = match version.run_id {
        Some(id) => runs::get(tx, id).await?,
        None => None,
    };
    Ok(run.map_or_else(
        || format!("an adapter{base}"),
        |run| format!("run {} ({}){base}", run.summary.number, run.summary.method),
    ))
}

/// A side with its prompt, such as `intake 1 with the prompt Short 1`.
fn described(subject: &Subject) -> String {
    let prompt = match subject.prompt_name.as_str() {
        "" => "without a prompt".to_owned(),
        name => format!("with the prompt {name}"),
    };
    let choice = subject.choice.as_ref();
    let choice = choice.map_or_else(String::new, |choice| format!(", {choice}"));
    format!("{} {prompt}{choice}", subject.model_name)
}
