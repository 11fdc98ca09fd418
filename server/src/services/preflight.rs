//! What is known of a run before it starts. The same is said while the form is edited, and decided
//! when the run is asked for.
//!
//! # Adding a finding
//! One that follows from the settings alone goes into [`preflight_rules`], one that needs the rows
//! or the machine into [`preflight_report`](super::preflight_report). Its code is a stable word.

use std::sync::Arc;

use shared::{
    dataset::Split,
    run::{CreateRun, Finding, Preflight, Severity},
    suite::SuiteKind,
    training::{Lesson, TrainingConfig},
};
use store::{Tx, dataset_versions::VersionRecord, runs, suites};
use trainer::{
    device::{self, Device},
    model::Outline,
    run::{Steps, count_steps, estimate_memory, trainable_parameters},
    session::Part,
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{
        memory,
        preflight_report::{Report, finding},
        preflight_rules,
        row_batches::count,
        run_cache::{TokenTotals, outline_of, totals_of},
        run_setup::{RunSetup, resolve},
    },
};

/// What is known of a run that could be asked for.
pub async fn preflight_run(
    app: &App,
    access: &ProjectAccess,
    request: CreateRun,
) -> ApiResult<Preflight> {
    let setup = resolve(app, access.project_id(), request).await?;
    examine(app, access, &setup).await
}

/// What is known of a run whose parts were looked up.
pub async fn examine(app: &App, access: &ProjectAccess, setup: &RunSetup) -> ApiResult<Preflight> {
    let mut report = Report::default();
    report.all(preflight_rules::check(setup));
    report.kinds(setup);
    let mut tx = app.store.read().await?;
    report.all(suite_finding(&mut tx, access, setup).await?);
    let speed = runs::speed_on_base(&mut tx, setup.base.id).await?;
    drop(tx);
    match outline_of(app, &setup.base).await {
        Ok(outline) => look_at_rows(app, setup, (&outline, speed), &mut report).await?,
        Err(reason) => report.error("base_unusable", "base_id", reason.to_string()),
    }
    Ok(report.end())
}

/// Counts what the rows come to, and says what they need. `speed` is in tokens by the second.
async fn look_at_rows(
    app: &App,
    setup: &RunSetup,
    (outline, speed): (&Arc<Outline>, Option<f64>),
    report: &mut Report,
) -> ApiResult<()> {
    let initial = setup.initial_path(app);
    report.all(preflight_rules::check_blocks(setup, outline));
    report.all(preflight_rules::check_initial(setup, initial.as_deref()));
    if let Some(finding) = preflight_rules::check_template(setup, outline) {
        report.all([finding]);
        return Ok(());
    }
    let Some(sides) = count_sides(app, setup, outline, report).await? else {
        return Ok(());
    };
    let (config, train) = (&setup.request.config, &sides.train);
    report.rows(config, train);
    let longest = train.longest.max(sides.validation.longest);
    let longest = longest.min(config.data.max_length);
    report.all(preflight_rules::check_length(longest, &outline.config));
    let fullest = train.fullest.max(sides.validation.fullest);
    let fullest = fullest.max(sides.general.fullest);
    let memory = estimate_memory(
        &outline.config,
        outline.block_bytes,
        &with_initial(config, setup),
        fullest,
    );
    let memory_bytes = i64::try_from(memory).unwrap_or(i64::MAX);
    // A device that is not there was told of.
    let device = device::open(&config.device).unwrap_or(Device::Cpu);
    let available = memory::of(&device);
    let place = if device.is_cpu() {
        "memory"
    } else {
        "the GPU's memory"
    };
    report.memory(memory_bytes, available, place);
    let (own, mixed) = (train.places, sides.general.places);
    let steps = count_steps(own, mixed, config);
    let seconds = |speed: f64| sides.tokens(config, steps) / speed;
    report.preflight = Preflight {
        train_rows: count(train.rows),
        validation_rows: count(sides.validation.rows),
        general_rows: count(sides.general.rows),
        train_tokens: count(train.tokens),
        loss_tokens: match config.method.lesson() {
            Lesson::Comparisons | Lesson::Prompts => 0,
            _ => count(train.learned),
        },
        longest_row: count(train.longest),
        truncated_rows: count(train.truncated),
        dropped_rows: count(train.dropped),
        steps: count(steps.total),
        trainable_parameters: count(trainable_parameters(&outline.config, config)),
        memory_bytes,
        available_memory_bytes: available.map(|memory| memory.total),
        // How long drawn answers get, nobody knows.
        seconds: speed
            .filter(|speed| *speed > 0.0 && config.method.lesson() != Lesson::Prompts)
            .map(seconds),
        findings: Vec::new(),
    };
    Ok(())
}

/// The configuration as far as memory depends on it.
fn with_initial(config: &TrainingConfig, setup: &RunSetup) -> TrainingConfig {
    let mut config = config.clone();
    if let Some(adapter) = config.adapter.adapter_mut() {
        adapter.initial = setup.initial.as_ref().map(|version| version.path.clone());
    }
    config
}

/// What the sides come to.
struct Sides {
    train: TokenTotals,
    validation: TokenTotals,
    general: TokenTotals,
}

impl Sides {
    /// Tokens that go through the model in all steps; general rows count as long as the others.
    fn tokens(&self, config: &TrainingConfig, steps: Steps) -> f64 {
        let share = match self.general.rows {
            0 => 0.0,
            _ => config.data.general_share.clamp(0.0, 0.9),
        };
        let by_epoch = self.train.tokens as f64 / (1.0 - share);
        by_epoch * steps.total as f64 / steps.by_epoch.max(1) as f64
    }
}

/// Whether a domain suite is locked, so that the run can be measured by what was decided before.
pub async fn has_locked_suite(tx: &mut Tx, access: &ProjectAccess) -> ApiResult<bool> {
    let all = suites::list(tx, access.project_id()).await?;
    Ok(all
        .iter()
        .any(|suite| suite.kind == SuiteKind::Domain && suite.locked_at.is_some()))
}

async fn suite_finding(
    tx: &mut Tx,
    access: &ProjectAccess,
    setup: &RunSetup,
) -> ApiResult<Option<Finding>> {
    if has_locked_suite(tx, access).await? {
        return Ok(None);
    }
    let reason = setup.request.suite_override.as_deref().map(str::trim);
    let (severity, message) = match reason {
        Some(reason) if !reason.is_empty() => (
            Severity::Warning,
            "no domain suite is locked: whether this run makes the model better cannot be decided \
             by anything that was fixed before it",
        ),
        _ => (
            Severity::Error,
            "no domain suite is locked: lock one, so that the run is measured by what was decided \
             before it, or say why it starts without",
        ),
    };
    Ok(Some(finding(
        severity,
        "no_locked_suite",
        "suite_override",
        message,
    )))
}

/// Counts the sides; `None` where one cannot be rendered.
async fn count_sides(
    app: &App,
    setup: &RunSetup,
    outline: &Arc<Outline>,
    report: &mut Report,
) -> ApiResult<Option<Sides>> {
    let mut of = async |part, (record, split): (&VersionRecord, _), field: &str| {
        let totals = totals_of(app, setup, outline, (record, split), part).await?;
        Ok::<_, ApiError>(match totals {
            Ok(totals) => Some(totals),
            Err(reason) => {
                report.error("not_rendered", field, reason.to_string());
                None
            }
        })
    };
    let field = "dataset_version_id";
    let train = of(Part::Train, (&setup.dataset, Some(Split::Train)), field).await?;
    let mut validation = Some(TokenTotals::default());
    if let Some(measured) = setup.measured() {
        let field = setup
            .validation
            .as_ref()
            .map_or(field, |_| "validation_version_id");
        validation = of(Part::Validation, measured, field).await?;
    }
    let mut general = Some(TokenTotals::default());
    if let Some(mixed) = setup.mixed() {
        general = of(Part::General, mixed, "general_version_id").await?;
    }
    let (Some(train), Some(validation), Some(general)) = (train, validation, general) else {
        return Ok(None);
    };
    if setup.validation.is_some() && validation.rows == 0 {
        let method = setup.request.config.method;
        let message = format!("no row can be measured by {method}");
        report.error("no_validation_rows", "validation_version_id", message);
    }
    if setup.validation.is_none() && setup.measured().is_some() && validation.rows == 0 {
        let method = setup.request.config.method;
        let message = format!(
            "none of the rows that are held back can be measured by {method}: there is no \
             validation loss"
        );
        report.warn("no_validation_rows", "dataset_version_id", message);
    }
    if setup.mixed().is_some() && general.rows == 0 {
        let method = setup.request.config.method;
        let message = format!("no general row can be learned from by {method}");
        report.error("no_general_rows", "general_version_id", message);
    }
    Ok(Some(Sides {
        train,
        validation,
        general,
    }))
}
