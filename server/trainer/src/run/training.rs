//! The loop of a run.

use std::path::Path;
use std::time::Duration;

use shared::training::{Lesson, RunEvent, StepMetrics, StopReason, TrainingConfig};

use crate::data::TokenizedRow;
use crate::error::{Result, TrainerError};
use crate::loss::{Objective, objective};
use crate::optim::{AdamW, Schedule};

use super::checkpoint::{Content, Identity, State, Store};
use super::draw::{Policy, Turn};
use super::dropout::dropout;
use super::evaluate::{Evaluation, TaskEvaluation};
use super::handover::hand_over;
use super::interrupter::Interrupter;
use super::learner::Learner;
use super::order::{EpochCache, Order};
use super::reference::{ReferenceModel, References};
use super::refusals;
use super::request::{Outcome, TrainRequest};
use super::start::{self, Begin};
use super::step::{Prepared, Scene, Scorable, StepInput};

pub(super) type Sink<'a> = dyn FnMut(RunEvent) + Send + 'a;

/// A run under way.
pub(super) struct Training<'a> {
    config: &'a TrainingConfig,
    output: &'a Path,
    clock: &'a (dyn Fn() -> Duration + Sync),
    task: Option<TaskEvaluation<'a>>,
    policy: Option<Policy<'a>>,
    /// The micro-batches of drawn answers that later steps learn from too.
    drawn: Vec<Prepared>,
    sink: &'a mut Sink<'a>,
    interrupter: &'a Interrupter,
    scene: Scene<'a>,
    train: Scorable,
    validation: Option<Scorable>,
    general: Option<Scorable>,
    general_validation: Option<Vec<TokenizedRow>>,
    order: Order,
    epoch: EpochCache,
    schedule: Schedule,
    learner: Learner<'a>,
    optimizer: AdamW,
    content: Content<'a>,
    store: Store,
    state: State,
    /// The step of the last checkpoint of this attempt.
    saved: Option<usize>,
    /// When this attempt began, less the seconds of earlier ones.
    began: f64,
}

/// Whether the run goes on after something.
type Verdict = Option<StopReason>;

impl<'a> Training<'a> {
    pub(super) fn new(
        request: TrainRequest<'a>,
        sink: &'a mut Sink<'_>,
        interrupter: &'a Interrupter,
    ) -> Result<Self>
where {
        refusals::check(&request)?;
        let TrainRequest {
            config,
            model,
            output,
            clock,
            task,
            drawer,
            ..
        } = request;
        let objective: Box<dyn Objective> = objective(config);
        let data = [
            Some(&request.train),
            request.validation.as_ref(),
            request.general.as_ref(),
        ];
        let identity = Identity::new(config, (model, request.model_hash), data);
        let general_rows = request.general.as_ref().map_or(0, super::Examples::len);
        let order = Order::new(request.train.len(), general_rows, config);
        // Before a checkpoint takes the place of the base's weights.
        let References {
            model: copy,
            train: train_reference,
            validation: validation_reference,
            general: general_reference,
        } = References::new(&request, &*objective, interrupter)?;
        let store = Store::new(output);
        let Begin {
            state,
            learner,
            optimizer,
            content,
            initial,
            warnings,
        } = start::begin(&request, &store, &identity, order.steps_by_epoch())?;
        let parameters = learner.numbers().elem_count();
        sink(start::started(&request, &order, state.step, parameters));
        for message in warnings {
            let code = "damaged_checkpoint".to_owned();
            sink(RunEvent::Warning {
                step: state.step,
                code,
                message,
            });
        }
        let began = clock().as_secs_f64() - state.train_seconds;
        let lesson = config.method.lesson();
        let draws = lesson == Lesson::Prompts;
        Ok(Self {
            config,
            output,
            clock,
            task,
            policy: drawer
                .filter(|_| draws)
                .map(|drawer| Policy { drawer, config }),
            drawn: Vec::new(),
            interrupter,
            scene: Scene {
                model,
                objective,
                reference: copy.unwrap_or(ReferenceModel::Base(initial)),
                max_length: config.data.max_length,
                scored: lesson == Lesson::Comparisons,
                temperature: if draws { config.grpo.temperature } else { 1.0 },
            },
            train: Scorable::new(request.train, train_reference),
            // Of prompts there is no loss; their answers are judged.
            validation: request
                .validation
                .filter(|_| !draws)
                .map(|examples| Scorable::new(examples, validation_reference)),
            general: request
                .general
                .map(|examples| Scorable::new(examples, general_reference)),
            general_validation: request.general_validation,
            schedule: Schedule::new(&config.schedule, order.total_steps),
            order,
            epoch: EpochCache::default(),
            learner,
            optimizer,
            content,
            store,
            state,
            saved: None,
            began,
            sink,
        })
    }

    /// Trains to the end, or until something stops it.
    pub(super) fn run(mut self) -> Result<Outcome> {
        let reason = self.steps()?;
        if reason == StopReason::Interrupted && self.state.step > 0 {
            self.save()?;
        }
        self.finish(reason)
    }

    fn steps(&mut self) -> Result<StopReason> {
        let fresh = self.state.step == 0;
        if (fresh || self.state.pending_evaluation)
            && let Some(reason) = self.evaluate()?
        {
            return Ok(reason);
        }
        loop {
            if self.state.progress.exhausted(&self.config.evaluation) {
                return Ok(StopReason::EarlyStopped);
            }
            if self.state.step >= self.order.total_steps {
                return Ok(StopReason::Completed);
            }
            if self.interrupter.reason().is_some() || !self.step()? {
                return Ok(StopReason::Interrupted);
            }
            if let Some(reason) = self.after_step()? {
                return Ok(reason);
            }
        }
    }

    /// Evaluates and saves where that is due.
    fn after_step(&mut self) -> Result<Verdict> {
        let last = self.state.step == self.order.total_steps;
        let due = |every: Option<usize>| match every {
            Some(every) => self.state.step.is_multiple_of(every.max(1)),
            None => self.order.ends_epoch(self.state.step),
        };
        let save = last || due(self.config.checkpoint.every_steps);
        if last || due(self.config.evaluation.every_steps) {
            self.state.pending_evaluation = true;
            let verdict = self.evaluate()?;
            if verdict.is_some() {
                return Ok(verdict);
            }
        }
        let stopped = self.state.progress.exhausted(&self.config.evaluation);
        if (save || stopped) && self.saved != Some(self.state.step) {
            self.save()?;
        }
        Ok(None)
    }

    /// One optimizer step; `false` if interrupted before it was made.
    fn step(&mut self) -> Result<bool> {
        let start = (self.clock)();
        let done = self.state.step;
        let micro_batches = self.order.micro_batches(done, &mut self.epoch);
        let mut input = StepInput {
            train: &mut self.train,
            general: self.general.as_mut(),
            micro_batches: &micro_batches,
            dropout: dropout(self.config, done),
            interrupter: self.interrupter,
        };
        let learner = &self.learner;
        let sums = match &self.policy {
            Some(policy) => {
                let turn = Turn {
                    done,
                    kept: &mut self.state.rollout,
                    parts: &mut self.drawn,
                };
                self.scene.draw_and_learn(policy, learner, &input, turn)?
            }
            None => self.scene.step(learner, &mut input)?,
        };
        let Some(sums) = sums else {
            return Ok(false);
        };
        if !sums.loss.is_finite() {
            return Err(self.diverged("loss"));
        }
        let learning_rate = self.config.learning_rate() * self.schedule.factor(done);
        let (numbers, gradients) = (self.learner.numbers(), self.learner.flat_gradients());
        let norm = self.optimizer.step(numbers, gradients, learning_rate)?;
        if !norm.is_finite() {
            return Err(self.diverged("gradient"));
        }
        self.scene.model.pool().sweep();
        self.state.step += 1;
        let seconds = (self.clock)().saturating_sub(start).as_secs_f64();
        let metrics = StepMetrics {
            step: self.state.step,
            epoch: self.order.epochs_after(self.state.step),
            loss: Some(sums.loss),
            learning_rate,
            grad_norm: Some(norm),
            tokens: sums.tokens,
            tokens_per_second: if seconds > 0.0 {
                sums.tokens as f64 / seconds
            } else {
                0.0
            },
            preference: sums.preference.map(|preference| preference.metrics()),
            drawn: sums.drawn,
        };
        let findings = self.state.health.step(&metrics, self.config);
        (self.sink)(RunEvent::Step(metrics));
        findings.into_iter().for_each(&mut *self.sink);
        Ok(true)
    }

    fn diverged(&mut self, what: &'static str) -> TrainerError {
        let step = self.state.step + 1;
        let error = TrainerError::Diverged { step, what };
        let code = "diverged".to_owned();
        (self.sink)(RunEvent::Warning {
            step,
            code,
            message: error.to_string(),
        });
        error
    }

    /// Evaluates the present state; says if that was interrupted. What training begins with is
    /// evaluated too, but never the best.
    fn evaluate(&mut self) -> Result<Verdict> {
        let measures = self.validation.is_some() || self.general_validation.is_some();
        if !measures && (self.task.is_none() || self.config.generate_rows() == 0) {
            self.state.pending_evaluation = false;
            return Ok(None);
        }
        let evaluation = Evaluation {
            config: &self.config.evaluation,
            generate_rows: self.config.generate_rows(),
            task: self.task,
            general: self.general_validation.as_deref(),
            batch_size: self.config.batch.size,
            accumulation: self.config.batch.accumulation,
            interrupter: self.interrupter,
        };
        let result = evaluation.run(
            &self.scene,
            self.learner.adapter(),
            self.validation.as_mut(),
        )?;
        let Some(mut metrics) = result else {
            return Ok(Some(StopReason::Interrupted));
        };
        self.state.pending_evaluation = false;
        metrics.step = self.state.step;
        metrics.epoch = self.order.epochs_after(self.state.step);
        let best =
            self.state.step > 0 && self.state.progress.note(&metrics, &self.config.evaluation);
        metrics.best = best;
        let by_reference = self.scene.objective.needs_reference();
        let health = &mut self.state.health;
        let findings = health.evaluation(&metrics, self.config, by_reference);
        (self.sink)(RunEvent::Evaluation(metrics));
        findings.into_iter().for_each(&mut *self.sink);
        if best && self.config.evaluation.keep_best {
            self.save()?;
        }
        Ok(None)
    }

    fn save(&mut self) -> Result<()> {
        let by_epoch = self.order.steps_by_epoch().max(1);
        self.state.epoch_cursor = (self.state.step / by_epoch, self.state.step % by_epoch);
        self.state.train_seconds = self.seconds();
        self.store
            .save(&self.state, &self.learner, &self.optimizer)?;
        let best = self.kept_best();
        self.store.retain(self.config.checkpoint.keep, best)?;
        let step = self.state.step;
        self.saved = Some(step);
        (self.sink)(RunEvent::Checkpoint {
            step,
            best: best == Some(step),
        });
        Ok(())
    }

    fn kept_best(&self) -> Option<usize> {
        self.state
            .progress
            .best_step
            .filter(|_| self.config.evaluation.keep_best)
    }

    fn seconds(&self) -> f64 {
        (self.clock)().as_secs_f64() - self.began
    }

    /// Writes what is handed over: the best state, if that is kept, or the last.
    fn finish(self, reason: StopReason) -> Result<Outcome> {
        let train_seconds = self.seconds();
        let step = self.state.step;
        let adapter_step = self.kept_best().unwrap_or(step);
        let other = (adapter_step != step).then_some(adapter_step);
        let folder = hand_over(
            self.output,
            &self.content,
            &self.learner,
            other.map(|step| (&self.store, step)),
        )?;
        (self.sink)(RunEvent::Finished {
            step,
            reason,
            adapter_step,
            train_seconds,
        });
        Ok(Outcome {
            reason,
            step,
            adapter_step,
            folder,
            train_seconds,
        })
    }
}
