//! How good is a model, and where does it fail?

pub mod list;
pub mod new;
pub mod one;
pub mod result;
pub mod results;

pub use list::EvaluationsPage;
pub use new::NewEvaluationPage;
pub use one::EvaluationPage;

use shared::evaluation::{Evaluation, FailureCategory, Rate};

/// How a model was asked, such as `with the prompt Short 1, best of 8 by judge 1`.
#[must_use]
pub fn asked(one: &Evaluation) -> String {
    let prompt = match one.prompt_name.as_str() {
        "" => "without a prompt".to_owned(),
        name => format!("with the prompt {name}"),
    };
    match one.request.best_of {
        Some(best_of) => format!(
            "{prompt}, best of {} by {}",
            best_of.answers, one.reward_model_name
        ),
        None => prompt,
    }
}

/// A share in words, such as `34 of 80 (42.5 %)`.
#[must_use]
pub fn share(rate: &Rate) -> String {
    format!(
        "{} of {} ({:.1} %)",
        rate.passed,
        rate.total,
        rate.rate * 100.0
    )
}

/// The interval of a share, such as `32.3 to 53.4 %`.
#[must_use]
pub fn interval(rate: &Rate) -> String {
    format!("{:.1} to {:.1} %", rate.lower * 100.0, rate.upper * 100.0)
}

/// A category's name.
#[must_use]
pub const fn category(category: FailureCategory) -> &'static str {
    match category {
        FailureCategory::Format => "Format",
        FailureCategory::InstructionFollowing => "Instruction following",
        FailureCategory::Knowledge => "Knowledge",
        FailureCategory::Safety => "Safety",
    }
}
