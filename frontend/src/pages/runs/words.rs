//! The words for runs.

use shared::training::{
    LearningRateSchedule, Method, PolicyLoss, Precision, PreferenceLoss, RewardScale, RunEvent,
    StopReason,
};

use super::story::about;

/// A method's name.
#[must_use]
pub const fn method(method: Method) -> &'static str {
    match method {
        Method::Sft => "Imitate answers",
        Method::Dpo => "Prefer the better answer",
        Method::Orpo => "Imitate and prefer at once",
        Method::Simpo => "Prefer without a reference",
        Method::Kto => "More of the wanted, less of the unwanted",
        Method::Pretrain => "Read texts",
        Method::Reward => "Score answers",
        Method::Grpo => "Learn from rewards",
    }
}

/// What a method is for.
#[must_use]
pub const fn method_help(method: Method) -> &'static str {
    match method {
        Method::Sft => {
            "Supervised fine-tuning: the model learns to write the answers of your rows. The usual \
             first step, for format, task and tone."
        }
        Method::Dpo => {
            "Preference tuning (DPO): the model learns to prefer the better of two responses. For \
             style and judgement, after it can do the task."
        }
        Method::Orpo => {
            "Odds-ratio tuning (ORPO): the model imitates the better response and learns to prefer \
             it in the same run. For pairs whose better side is an answer worth copying."
        }
        Method::Simpo => {
            "Simple preference tuning (SimPO): compares what the responses cost by token, with no \
             reference model to hold on to. Quicker than DPO, and drifts further."
        }
        Method::Kto => {
            "Preference tuning without pairs (KTO): each answer is only marked as wanted or not, as \
             with a thumb up or down. Pairs count as one of each."
        }
        Method::Pretrain => {
            "Pretraining, continued or from scratch: every word of plain texts is learned. For the \
             language and the facts of a field, before answers are imitated; mix in general rows \
             against forgetting. A blank model begins with it."
        }
        Method::Reward => {
            "Reward model: learns from the better of two responses to give an answer a score. It \
             writes nothing itself; it picks the best of several answers, or rewards those that a \
             model learns from."
        }
        Method::Grpo => {
            "Group-relative policy optimisation (GRPO): the model answers each prompt several times, \
             and the answers with more reward than the others become likelier. Rewards come from a \
             reward model, from the checks of a spec, or both. Drawing takes its time."
        }
    }
}

/// What is trained.
#[must_use]
pub const fn trained(is_whole: bool) -> &'static str {
    if is_whole {
        "All weights"
    } else {
        "An adapter (LoRA)"
    }
}

/// A validation loss; of plain texts with what it says of the next token: among how many the model
/// wavers.
#[must_use]
pub fn validation_loss(method: Method, loss: f64) -> String {
    match method {
        Method::Pretrain => format!("{loss:.3} (perplexity {:.1})", loss.exp()),
        _ => format!("{loss:.3}"),
    }
}

/// How DPO judges a margin.
#[must_use]
pub const fn loss(loss: PreferenceLoss) -> &'static str {
    match loss {
        PreferenceLoss::Sigmoid => "Logistic (DPO)",
        PreferenceLoss::Hinge => "Hinge (SLiC)",
        PreferenceLoss::Ipo => "Squared (IPO)",
        PreferenceLoss::Robust => "Robust to wrong judgements",
    }
}

/// What the loss of drawn answers is a mean over.
#[must_use]
pub const fn policy_loss(loss: PolicyLoss) -> &'static str {
    match loss {
        PolicyLoss::Dapo => "All tokens of a step (DAPO)",
        PolicyLoss::Grpo => "Each answer by its length (GRPO)",
        PolicyLoss::DrGrpo => "The most tokens there could be (Dr. GRPO)",
    }
}

/// What differences of rewards are divided by.
#[must_use]
pub const fn reward_scale(scale: RewardScale) -> &'static str {
    match scale {
        RewardScale::Group => "The deviation of a prompt's answers",
        RewardScale::Batch => "The deviation of all answers of a step",
        RewardScale::None => "Nothing",
    }
}

/// How the learning rate falls.
#[must_use]
pub const fn schedule(kind: LearningRateSchedule) -> &'static str {
    match kind {
        LearningRateSchedule::Cosine => "Cosine",
        LearningRateSchedule::Linear => "Linear",
        LearningRateSchedule::Constant => "Constant",
    }
}

/// The numbers that a run multiplies with.
#[must_use]
pub const fn precision(precision: Precision) -> &'static str {
    match precision {
        Precision::Full => "32 bits (fp32)",
        Precision::Brain => "16 bits (bf16)",
        Precision::Quantised => "As the GGUF file has it (quantised)",
    }
}

/// Something that happened, in plain words.
#[must_use]
pub fn event(event: &RunEvent) -> String {
    match event {
        RunEvent::Started {
            total_steps,
            from_step: 0,
            train_rows,
            device,
            ..
        } => format!("Began: {total_steps} steps over {train_rows} rows on {device}."),
        RunEvent::Started {
            from_step, device, ..
        } => format!("Went on from the checkpoint at step {from_step}, on {device}."),
        RunEvent::Step(step) => format!("Step {}.", step.step),
        RunEvent::Evaluation(evaluation) => {
            let loss = evaluation.validation_loss;
            let loss = loss.map_or_else(String::new, |loss| format!(": validation loss {loss:.3}"));
            let general = evaluation.general_loss;
            let general = general.map_or_else(String::new, |loss| {
                format!(", loss on general rows {loss:.3}")
            });
            let reward = evaluation.reward;
            let reward = reward.map_or_else(String::new, |reward| format!(": reward {reward:.3}"));
            let checks = evaluation.all_checks.map_or_else(String::new, |checks| {
                format!(
                    ", {} of {} answers pass every check",
                    checks.passed, checks.total
                )
            });
            let best = if evaluation.best {
                " (the best so far)"
            } else {
                ""
            };
            format!(
                "Evaluated after step {}{loss}{reward}{checks}{general}{best}.",
                evaluation.step
            )
        }
        RunEvent::Checkpoint { step, best } => {
            let best = if *best { ", the best so far" } else { "" };
            format!("Saved the state after step {step}{best}.")
        }
        RunEvent::Warning { message, .. } => message.clone(),
        RunEvent::Finished {
            step,
            reason,
            adapter_step,
            train_seconds,
        } => {
            let why = match reason {
                StopReason::Completed => "All steps are made",
                StopReason::EarlyStopped => "Stopped early, because nothing improved any more",
                StopReason::Interrupted => "Stopped, because somebody or the server asked for it",
            };
            let time = about(*train_seconds);
            format!("{why}: {step} steps in {time}. Handed over the state of step {adapter_step}.")
        }
    }
}

/// As much of a hash as tells two apart.
#[must_use]
pub fn hash(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// A measured time, to the second.
#[must_use]
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round().max(0.0);
    let (hours, minutes) = ((whole / 3600.0).floor(), (whole % 3600.0 / 60.0).floor());
    let rest = whole % 60.0;
    match (hours, minutes) {
        (0.0, 0.0) => format!("{rest} s"),
        (0.0, _) => format!("{minutes} min {rest} s"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// A field's name for people: `max_length` is "Max length".
#[must_use]
pub fn field(name: &str) -> String {
    let text = name.replace('_', " ").replace("kl ", "KL ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_uppercase(), letters.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_well() {
        assert_eq!(field("max_length"), "Max length");
        assert_eq!(field("kl_weight"), "KL weight");
        let times = [(4.2, "4 s"), (284.4, "4 min 44 s"), (3_725.0, "1 h 2 min")];
        for (seconds, text) in times {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn only_texts_have_a_perplexity() {
        assert_eq!(
            validation_loss(Method::Pretrain, 2.0),
            "2.000 (perplexity 7.4)"
        );
        assert_eq!(validation_loss(Method::Sft, 2.0), "2.000");
    }

    #[test]
    fn going_on_is_told_apart_from_beginning() {
        let at = |from_step| RunEvent::Started {
            total_steps: 10,
            from_step,
            trainable_parameters: 1,
            train_rows: 5,
            truncated_rows: 0,
            dropped_rows: 0,
            device: "cpu".to_owned(),
        };
        assert_eq!(event(&at(0)), "Began: 10 steps over 5 rows on cpu.");
        assert_eq!(
            event(&at(4)),
            "Went on from the checkpoint at step 4, on cpu."
        );
    }
}
