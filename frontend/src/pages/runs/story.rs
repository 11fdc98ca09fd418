//! What a run has told so far: the points of its curves and everything else that happened, kept in
//! order while more arrives. Plain data, so that resuming and answering are tested natively.

use shared::{
    job::JobState,
    run::{NumberedEvent, RunHistory, RunSummary},
    training::{EvaluationMetrics, RunEvent, StepMetrics},
};

use super::words::validation_loss;
use crate::api::error::sentence;

/// More points than this are thinned out; no screen shows more.
const MAX_POINTS: usize = 2000;

/// The story of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// The steps in their order.
    pub steps: Vec<StepMetrics>,
    /// The evaluations in their order.
    pub evaluations: Vec<EvaluationMetrics>,
    /// Everything but steps, in its order.
    pub others: Vec<NumberedEvent>,
    /// The place of the newest event.
    pub seq: i64,
    /// The first step of this attempt that was seen and when, in seconds.
    first: Option<(usize, f64)>,
    last: Option<(usize, f64)>,
}

impl Story {
    /// The story as a page that opens late gets it.
    #[must_use]
    pub fn from_history(history: RunHistory) -> Self {
        let mut events = history.steps;
        events.extend(history.others);
        events.sort_by_key(|event| event.seq);
        let mut story = Self::default();
        for event in events {
            story.take(event);
        }
        story.seq = story.seq.max(history.seq);
        story
    }

    /// One more event; one that is known already changes nothing.
    pub fn take(&mut self, event: NumberedEvent) {
        if event.seq <= self.seq {
            return;
        }
        self.seq = event.seq;
        let seconds = event.at.timestamp_millis() as f64 / 1000.0;
        match &event.event {
            RunEvent::Step(step) => {
                if self.first.is_none() {
                    self.first = Some((step.step, seconds));
                }
                self.last = Some((step.step, seconds));
                self.steps.push(step.clone());
                if self.steps.len() > MAX_POINTS {
                    let mut at = 0;
                    self.steps.retain(|_| {
                        at += 1;
                        at % 2 == 0
                    });
                }
                return;
            }
            RunEvent::Started { from_step, .. } => self.go_back(*from_step),
            RunEvent::Evaluation(evaluation) => self.evaluations.push(evaluation.clone()),
            _ => {}
        }
        self.others.push(event);
    }

    /// A new attempt goes on from a checkpoint: what came after it is told anew.
    fn go_back(&mut self, from_step: usize) {
        self.first = None;
        self.last = None;
        self.steps.retain(|step| step.step <= from_step);
        self.evaluations
            .retain(|evaluation| evaluation.step <= from_step);
        self.others.retain(|event| match &event.event {
            RunEvent::Evaluation(evaluation) => evaluation.step <= from_step,
            RunEvent::Checkpoint { step, .. } | RunEvent::Warning { step, .. } => {
                *step <= from_step
            }
            _ => true,
        });
    }

    /// About how many seconds are left, by the pace of this attempt.
    #[must_use]
    pub fn seconds_left(&self, total_steps: usize) -> Option<f64> {
        let ((first, begin), (last, end)) = (self.first?, self.last?);
        let made = last.checked_sub(first).filter(|made| *made > 0)?;
        Some((end - begin) / made as f64 * total_steps.saturating_sub(last) as f64)
    }

    /// The losses on the validation rows, by step.
    #[must_use]
    pub fn validation(&self) -> Vec<(f64, f64)> {
        let with_loss = self
            .evaluations
            .iter()
            .filter_map(|one| Some((one.step as f64, one.validation_loss?)));
        with_loss.collect()
    }

    /// The rewards of answers to held-out prompts, by step.
    #[must_use]
    pub fn rewards(&self) -> Vec<(f64, f64)> {
        let rewarded = self
            .evaluations
            .iter()
            .filter_map(|one| Some((one.step as f64, one.reward?)));
        rewarded.collect()
    }

    /// What rewards came to, from before training.
    fn gain(&self) -> String {
        let rewards = self.rewards();
        let first = rewards.first().map_or(0.0, |point| point.1);
        let best = rewards.iter().map(|point| point.1).fold(first, f64::max);
        format!("Done. The reward of held-out answers went from {first:.3} to {best:.3} at best.")
    }

    /// What foretells a bad end, each in a sentence; why a run failed is its answer and not here.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let told = self.others.iter().filter_map(|event| match &event.event {
            RunEvent::Warning {
                step,
                code,
                message,
            } if code != "diverged" => Some(format!("After step {step}: {message}.")),
            _ => None,
        });
        told.collect()
    }

    /// The answer to the page's question, in a sentence.
    #[must_use]
    pub fn answer(&self, run: &RunSummary) -> String {
        let known = run.validation_loss.or(run.loss);
        match run.state {
            JobState::Queued => "Waiting for its turn.".to_owned(),
            JobState::Failed if run.message.is_empty() => "Failed.".to_owned(),
            JobState::Failed => format!("Failed: {}", run.message),
            JobState::Cancelled => format!("Cancelled after step {}.", run.step),
            JobState::Succeeded if self.rewards().len() > 1 => self.gain(),
            JobState::Succeeded => match run.best_validation_loss.or(known) {
                Some(loss) => {
                    let loss = validation_loss(run.method, loss);
                    format!("Done. The best validation loss is {loss}.")
                }
                None => "Done.".to_owned(),
            },
            JobState::Running => self.course(run),
        }
    }

    fn course(&self, run: &RunSummary) -> String {
        let total = run
            .total_steps
            .and_then(|total| usize::try_from(total).ok());
        let left = total.and_then(|total| self.seconds_left(total));
        let left = left.map_or_else(String::new, |left| format!("; {} left", about(left)));
        let validation = self.validation();
        if let [.., (_, before), (_, last)] = validation.as_slice() {
            let best = validation
                .iter()
                .map(|point| point.1)
                .fold(f64::MAX, f64::min);
            return if last < before {
                let last = validation_loss(run.method, *last);
                format!("Improving; validation loss {last} and falling{left}.")
            } else {
                format!(
                    "Not improving; validation loss {last:.3} after {before:.3}, at best \
                     {best:.3}{left}."
                )
            };
        }
        if let [.., (_, before), (_, last)] = self.rewards().as_slice() {
            let course = if last > before {
                "Improving"
            } else {
                "Not improving"
            };
            return format!("{course}; reward {last:.3} after {before:.3}{left}.");
        }
        match self.steps.iter().rev().find_map(|step| step.loss) {
            Some(loss) => format!("Learning; training loss {loss:.3}{left}."),
            None if run.message.is_empty() => "Starting.".to_owned(),
            None => sentence(&run.message),
        }
    }
}

/// A time as one would say it.
#[must_use]
pub fn about(seconds: f64) -> String {
    let (number, one, many) = match seconds {
        s if s < 90.0 => (s, "second", "seconds"),
        s if s < 5400.0 => (s / 60.0, "minute", "minutes"),
        s if s < 172_800.0 => (s / 3600.0, "hour", "hours"),
        s => (s / 86_400.0, "day", "days"),
    };
    let number = number.round().max(1.0);
    let word = if number > 1.0 { many } else { one };
    format!("about {number} {word}")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn event(seq: i64, event: RunEvent) -> NumberedEvent {
        NumberedEvent {
            seq,
            attempt: 1,
            at: DateTime::from_timestamp(seq * 10, 0).unwrap(),
            event,
        }
    }

    fn step(seq: i64, step: usize) -> NumberedEvent {
        event(
            seq,
            RunEvent::Step(StepMetrics {
                step,
                loss: Some(1.0),
                ..StepMetrics::default()
            }),
        )
    }

    fn started(seq: i64, from_step: usize) -> NumberedEvent {
        let started = RunEvent::Started {
            total_steps: 10,
            from_step,
            trainable_parameters: 1,
            train_rows: 1,
            truncated_rows: 0,
            dropped_rows: 0,
            device: "cpu".to_owned(),
        };
        event(seq, started)
    }

    #[test]
    fn a_new_attempt_replaces_what_came_after_its_checkpoint() {
        let mut story = Story::default();
        for event in [
            started(1, 0),
            step(2, 1),
            step(3, 2),
            step(4, 3),
            started(5, 2),
            step(6, 3),
        ] {
            story.take(event);
        }
        let steps: Vec<usize> = story.steps.iter().map(|step| step.step).collect();
        assert_eq!((steps, story.seq), (vec![1, 2, 3], 6));
    }

    #[test]
    fn an_event_that_comes_twice_counts_once() {
        let history = RunHistory {
            steps: vec![step(2, 1)],
            others: vec![started(1, 0)],
            seq: 4,
        };
        let mut story = Story::from_history(history);
        story.take(step(3, 2));
        story.take(step(5, 3));
        assert_eq!(story.steps.len(), 2);
    }

    #[test]
    fn the_time_left_follows_the_pace() {
        let mut story = Story::default();
        for event in [started(1, 0), step(2, 1), step(3, 2), step(4, 3)] {
            story.take(event);
        }
        assert_eq!(story.seconds_left(10), Some(70.0));
        assert_eq!(about(70.0), "about 70 seconds");
        assert_eq!(about(360.0), "about 6 minutes");
        assert_eq!(about(0.2), "about 1 second");
    }
}
