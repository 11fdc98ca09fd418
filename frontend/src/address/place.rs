//! The pages of a project. Each is a path below the project's, written and read here alone; what is
//! filtered, compared or turned to is in the query.

use std::fmt;

use shared::{
    ids::{DatasetId, ImportId, ModelVersionId, PromptId, QueueId, SuiteId},
    overview::Step,
};

/// One of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The loop, and what to do next.
    Home,
    /// A version of the spec; the newest, unless the query names one.
    Spec,
    /// The editor of the spec.
    EditSpec,
    /// Two versions of the spec side by side.
    CompareSpec,
    /// The datasets.
    Data,
    /// Bringing in a file.
    Import,
    /// One dataset.
    Dataset(DatasetId),
    /// How an import goes.
    ImportReport(DatasetId, ImportId),
    /// One version of a dataset.
    DatasetVersion(DatasetId, i64),
    /// The suites.
    Suites,
    /// Making a suite, or the next version of one.
    NewSuite,
    /// One version of a suite.
    Suite(SuiteId),
    /// The prompts.
    Prompts,
    /// One prompt.
    Prompt(PromptId),
    /// The queues.
    Queues,
    /// One queue.
    Queue(QueueId),
    /// Judging the pairs of a queue.
    Annotate(QueueId),
    /// The runs.
    Runs,
    /// Asking for a run.
    NewRun,
    /// Runs side by side.
    CompareRuns,
    /// One run, by its number in the project.
    Run(i64),
    /// The evaluations.
    Evaluations,
    /// Asking suites of a model.
    NewEvaluation,
    /// One evaluation, by its number in the project.
    Evaluation(i64),
    /// The reports.
    Reports,
    /// Comparing two models.
    NewReport,
    /// One report, by its number in the project.
    Report(i64),
    /// The model versions.
    Models,
    /// One model version.
    Model(ModelVersionId),
    /// A conversation with a model version.
    Chat(ModelVersionId),
    /// Members, name and audit of the project.
    Settings,
}

impl Place {
    /// The page at a path below the project's, with or without slashes around it.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match *parts.as_slice() {
            [""] => Some(Self::Home),
            ["spec"] => Some(Self::Spec),
            ["spec", "edit"] => Some(Self::EditSpec),
            ["spec", "compare"] => Some(Self::CompareSpec),
            ["data"] => Some(Self::Data),
            ["data", "import"] => Some(Self::Import),
            ["data", id] => Some(Self::Dataset(id.parse().ok()?)),
            ["data", id, "imports", import] => {
                Some(Self::ImportReport(id.parse().ok()?, import.parse().ok()?))
            }
            ["data", id, "versions", number] => {
                Some(Self::DatasetVersion(id.parse().ok()?, number.parse().ok()?))
            }
            ["suites"] => Some(Self::Suites),
            ["suites", "new"] => Some(Self::NewSuite),
            ["suites", id] => Some(Self::Suite(id.parse().ok()?)),
            ["prompts"] => Some(Self::Prompts),
            ["prompts", id] => Some(Self::Prompt(id.parse().ok()?)),
            ["queues"] => Some(Self::Queues),
            ["queues", id] => Some(Self::Queue(id.parse().ok()?)),
            ["queues", id, "annotate"] => Some(Self::Annotate(id.parse().ok()?)),
            ["runs"] => Some(Self::Runs),
            ["runs", "new"] => Some(Self::NewRun),
            ["runs", "compare"] => Some(Self::CompareRuns),
            ["runs", number] => Some(Self::Run(number.parse().ok()?)),
            ["evaluations"] => Some(Self::Evaluations),
            ["evaluations", "new"] => Some(Self::NewEvaluation),
            ["evaluations", number] => Some(Self::Evaluation(number.parse().ok()?)),
            ["reports"] => Some(Self::Reports),
            ["reports", "new"] => Some(Self::NewReport),
            ["reports", number] => Some(Self::Report(number.parse().ok()?)),
            ["models"] => Some(Self::Models),
            ["models", id] => Some(Self::Model(id.parse().ok()?)),
            ["models", id, "chat"] => Some(Self::Chat(id.parse().ok()?)),
            ["settings"] => Some(Self::Settings),
            _ => None,
        }
    }
}

/// The first page of a step of the loop.
impl From<Step> for Place {
    fn from(step: Step) -> Self {
        match step {
            Step::Spec => Self::Spec,
            Step::Data => Self::Data,
            Step::Suites => Self::Suites,
            Step::Prompts => Self::Prompts,
            Step::Queues => Self::Queues,
            Step::Runs => Self::Runs,
            Step::Evaluations => Self::Evaluations,
            Step::Reports => Self::Reports,
            Step::Models => Self::Models,
        }
    }
}

/// The path below the project's, with the slash between them.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Home => Ok(()),
            Self::Spec => formatter.write_str("/spec"),
            Self::EditSpec => formatter.write_str("/spec/edit"),
            Self::CompareSpec => formatter.write_str("/spec/compare"),
            Self::Data => formatter.write_str("/data"),
            Self::Import => formatter.write_str("/data/import"),
            Self::Dataset(id) => write!(formatter, "/data/{id}"),
            Self::ImportReport(id, import) => write!(formatter, "/data/{id}/imports/{import}"),
            Self::DatasetVersion(id, number) => write!(formatter, "/data/{id}/versions/{number}"),
            Self::Suites => formatter.write_str("/suites"),
            Self::NewSuite => formatter.write_str("/suites/new"),
            Self::Suite(id) => write!(formatter, "/suites/{id}"),
            Self::Prompts => formatter.write_str("/prompts"),
            Self::Prompt(id) => write!(formatter, "/prompts/{id}"),
            Self::Queues => formatter.write_str("/queues"),
            Self::Queue(id) => write!(formatter, "/queues/{id}"),
            Self::Annotate(id) => write!(formatter, "/queues/{id}/annotate"),
            Self::Runs => formatter.write_str("/runs"),
            Self::NewRun => formatter.write_str("/runs/new"),
            Self::CompareRuns => formatter.write_str("/runs/compare"),
            Self::Run(number) => write!(formatter, "/runs/{number}"),
            Self::Evaluations => formatter.write_str("/evaluations"),
            Self::NewEvaluation => formatter.write_str("/evaluations/new"),
            Self::Evaluation(number) => write!(formatter, "/evaluations/{number}"),
            Self::Reports => formatter.write_str("/reports"),
            Self::NewReport => formatter.write_str("/reports/new"),
            Self::Report(number) => write!(formatter, "/reports/{number}"),
            Self::Models => formatter.write_str("/models"),
            Self::Model(id) => write!(formatter, "/models/{id}"),
            Self::Chat(id) => write!(formatter, "/models/{id}/chat"),
            Self::Settings => formatter.write_str("/settings"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_at_its_own_address() {
        const ID: &str = "0193b3c2-7d1e-7a52-9c63-5a1f6b0c9d11";
        let paths = [
            "",
            "/spec",
            "/spec/edit",
            "/spec/compare",
            "/data",
            "/data/import",
            &format!("/data/{ID}"),
            &format!("/data/{ID}/imports/{ID}"),
            &format!("/data/{ID}/versions/3"),
            "/suites",
            "/suites/new",
            &format!("/suites/{ID}"),
            "/prompts",
            &format!("/prompts/{ID}"),
            "/queues",
            &format!("/queues/{ID}"),
            &format!("/queues/{ID}/annotate"),
            "/runs",
            "/runs/new",
            "/runs/compare",
            "/runs/12",
            "/evaluations",
            "/evaluations/new",
            "/evaluations/12",
            "/reports",
            "/reports/new",
            "/reports/12",
            "/models",
            &format!("/models/{ID}"),
            &format!("/models/{ID}/chat"),
            "/settings",
        ];
        for path in paths {
            let found = Place::from_path(path).map(|place| place.to_string());
            assert_eq!(found.as_deref(), Some(path));
        }
        assert_eq!(Place::from_path("/"), Some(Place::Home));
        assert_eq!(Place::from_path("runs/"), Some(Place::Runs));
        for nowhere in [
            "spec/x",
            "data/x",
            "suites/new/y",
            "prompts/1",
            "runs/x",
            "models/1",
        ] {
            assert_eq!(Place::from_path(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn every_step_has_its_page() {
        for step in Step::ALL {
            let path = Place::from(*step).to_string();
            assert_eq!(path, format!("/{}", step.as_str()));
        }
    }
}
