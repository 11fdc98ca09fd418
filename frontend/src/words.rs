//! The words for states and deeds, the same on every page.

pub mod material;

use shared::{
    account::Role,
    job::{JobKind, JobState},
    overview::Step,
    project::AuditEntry,
};

use crate::components::Tone;

/// A count with its noun.
#[must_use]
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What runs, in a sentence.
#[must_use]
pub fn running(number: usize) -> String {
    match number {
        0 => "Nothing is running.".to_owned(),
        1 => "1 job is waiting or running.".to_owned(),
        more => format!("{more} jobs are waiting or running."),
    }
}

/// A role's name.
#[must_use]
pub const fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Engineer => "Engineer",
        Role::Annotator => "Annotator",
        Role::Viewer => "Viewer",
    }
}

/// What a role may do, in one sentence.
#[must_use]
pub const fn role_help(role: Role) -> &'static str {
    match role {
        Role::Owner => "Everything, members and settings included.",
        Role::Engineer => "Specs, data, runs, evaluations, reports and promotion.",
        Role::Annotator => "Judging pairs in queues, and reading the spec.",
        Role::Viewer => "Reading.",
    }
}

/// A step of the loop.
#[must_use]
pub const fn step(step: Step) -> &'static str {
    match step {
        Step::Spec => "Spec",
        Step::Data => "Data",
        Step::Suites => "Suites",
        Step::Prompts => "Prompts",
        Step::Queues => "Queues",
        Step::Runs => "Runs",
        Step::Evaluations => "Evaluations",
        Step::Reports => "Reports",
        Step::Models => "Models",
    }
}

/// A kind of job.
#[must_use]
pub const fn job_kind(kind: JobKind) -> &'static str {
    match kind {
        JobKind::TrainingRun => "Training run",
        JobKind::Evaluation => "Evaluation",
        JobKind::SamplePairs => "Sampling",
        JobKind::Import => "Import",
        JobKind::ModelExport => "Export",
        JobKind::ModelDownload => "Download",
        JobKind::BlankModel => "Blank model",
    }
}

/// Where a job stands.
#[must_use]
pub const fn job_state(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "Waiting",
        JobState::Running => "Running",
        JobState::Succeeded => "Done",
        JobState::Failed => "Failed",
        JobState::Cancelled => "Cancelled",
    }
}

/// What a job's state means to the reader.
#[must_use]
pub const fn job_tone(state: JobState) -> Tone {
    match state {
        JobState::Queued | JobState::Cancelled => Tone::Neutral,
        JobState::Running => Tone::Active,
        JobState::Succeeded => Tone::Positive,
        JobState::Failed => Tone::Negative,
    }
}

/// Who did something: the server has no name of its own.
#[must_use]
pub fn actor(entry: &AuditEntry) -> String {
    let removed = || {
        if entry.user_id.is_some() {
            "A removed account"
        } else {
            "The server"
        }
    };
    entry
        .user_name
        .clone()
        .unwrap_or_else(|| removed().to_owned())
}

/// What was done, as a heading: "Made the project".
#[must_use]
pub fn deed(action: &str) -> String {
    let known = match action {
        "create_project" => "Made the project",
        "update_project" => "Changed name or description",
        "put_member" => "Gave a role",
        "delete_member" => "Removed a member",
        "cancel_job" => "Cancelled a job",
        "create_dataset" => "Made a dataset",
        "create_upload" => "Sent a file",
        "delete_upload" => "Discarded a file",
        "create_import" => "Started an import",
        "take_back_import" => "Took an import back",
        "create_row" => "Added a row",
        "update_row" => "Changed a row",
        "delete_row" => "Deleted a row",
        "set_coverage" => "Set the coverage of rows",
        "create_dataset_version" => "Cut a version",
        "create_spec_version" => "Saved a version of the spec",
        "create_prompt" => "Made a prompt",
        "create_prompt_version" => "Saved a version of a prompt",
        "create_suite" => "Made a suite",
        "lock_suite" => "Locked a suite",
        "delete_suite" => "Deleted a suite",
        "create_report" => "Made a report",
        "share_report" => "Shared a report",
        "end_share_link" => "Ended a link to a report",
        "promote_model" => "Put a model into production",
        "roll_back_model" => "Rolled production back",
        "create_evaluation" => "Asked for an evaluation",
        "create_model_export" => "Asked for an export",
        "delete_model_export" => "Removed an export",
        _ => "",
    };
    if known.is_empty() {
        // An action of an area that has no words here yet still reads well enough.
        let mut letters = action.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first
            .into_iter()
            .chain(letters)
            .map(|c| if c == '_' { ' ' } else { c })
            .collect()
    } else {
        known.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!(count(1, "member", "members"), "1 member");
        assert_eq!(count(0, "member", "members"), "0 members");
    }

    #[test]
    fn an_unknown_action_is_readable() {
        assert_eq!(deed("sharpen_pencil"), "Sharpen pencil");
    }
}
