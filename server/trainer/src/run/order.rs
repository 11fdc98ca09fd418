//! Which examples make which step, as a function of the seed: resuming needs no state but the
//! number of the step.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use shared::training::TrainingConfig;

/// Where an example comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// The rows to learn from.
    Train(usize),
    /// The rows against forgetting.
    General(usize),
}

/// The order of a run.
#[derive(Clone, Debug)]
pub(super) struct Order {
    train: usize,
    general: usize,
    /// General rows in each epoch.
    general_by_epoch: usize,
    shuffle: bool,
    seed: u64,
    size: usize,
    accumulation: usize,
    /// Optimizer steps on each batch of examples.
    iterations: usize,
    /// Optimizer steps in all.
    pub(super) total_steps: usize,
}

/// What a random order is for; orders for different uses are independent.
#[derive(Clone, Copy)]
enum Use {
    Train = 1,
    General = 2,
    Mix = 3,
}

impl Order {
    pub(super) fn new(train: usize, general: usize, config: &TrainingConfig) -> Self {
        let (data, batch) = (&config.data, &config.batch);
        let share = data.general_share.clamp(0.0, 0.9);
        #[expect(
            clippy::cast_sign_loss,
            reason = "a count times a share is not negative"
        )]
        let wanted = (train as f64 * share / (1.0 - share)).round() as usize;
        let mut order = Self {
            train,
            general,
            general_by_epoch: if general == 0 { 0 } else { wanted },
            shuffle: data.shuffle,
            seed: config.seed,
            size: batch.size.max(1),
            accumulation: batch.accumulation.max(1),
            iterations: config.iterations(),
            total_steps: 0,
        };
        #[expect(clippy::cast_sign_loss, reason = "epochs were checked to be positive")]
        let by_epochs = (order.steps_by_epoch() as f64 * batch.epochs).ceil() as usize;
        order.total_steps = batch
            .max_steps
            .map_or(by_epochs, |most| most.min(by_epochs));
        order
    }

    /// Examples seen in one epoch.
    pub(super) fn examples_by_epoch(&self) -> usize {
        self.train + self.general_by_epoch
    }

    /// Optimizer steps in one epoch; the last one may be smaller.
    pub(super) fn steps_by_epoch(&self) -> usize {
        self.examples_by_epoch()
            .div_ceil(self.size)
            .div_ceil(self.accumulation)
            * self.iterations
    }

    /// How much of the data was seen after so many steps, in epochs.
    pub(super) fn epochs_after(&self, step: usize) -> f64 {
        step as f64 / self.steps_by_epoch().max(1) as f64
    }

    /// Whether an epoch ends with this step, from 1.
    pub(super) fn ends_epoch(&self, step: usize) -> bool {
        step.is_multiple_of(self.steps_by_epoch().max(1))
    }

    /// The micro-batches of the step after `done` steps. `epoch` keeps the order of the last
    /// epoch asked for.
    pub(super) fn micro_batches(&self, done: usize, epoch: &mut EpochCache) -> Vec<Vec<Source>> {
        let by_epoch = self.steps_by_epoch().max(1);
        let (number, within) = (done / by_epoch, done % by_epoch / self.iterations);
        if epoch.number != Some(number) {
            *epoch = EpochCache {
                number: Some(number),
                order: self.epoch(number),
            };
        }
        let first = within * self.size * self.accumulation;
        let last = (first + self.size * self.accumulation).min(epoch.order.len());
        epoch.order[first.min(last)..last]
            .chunks(self.size)
            .map(<[Source]>::to_vec)
            .collect()
    }

    fn epoch(&self, number: usize) -> Vec<Source> {
        let mut order: Vec<Source> = (0..self.train).map(Source::Train).collect();
        if self.shuffle {
            order.shuffle(&mut self.random(Use::Train, number));
        }
        let general = self.general_rows(number);
        if general.is_empty() {
            return order;
        }
        if self.shuffle {
            order.extend(general);
            order.shuffle(&mut self.random(Use::Mix, number));
            return order;
        }
        spread(&order, &general)
    }

    /// General rows come from one long list of cycles, each with every row once.
    fn general_rows(&self, epoch: usize) -> Vec<Source> {
        let first = epoch * self.general_by_epoch;
        let mut rows = Vec::with_capacity(self.general_by_epoch);
        let mut cycle: (usize, Vec<usize>) = (usize::MAX, Vec::new());
        for place in first..first + self.general_by_epoch {
            if cycle.0 != place / self.general {
                let mut order: Vec<usize> = (0..self.general).collect();
                order.shuffle(&mut self.random(Use::General, place / self.general));
                cycle = (place / self.general, order);
            }
            rows.push(Source::General(cycle.1[place % self.general]));
        }
        rows
    }

    fn random(&self, purpose: Use, number: usize) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(((number as u64) << 2) | purpose as u64);
        random
    }
}

/// Puts the general rows between the others at even distances.
fn spread(train: &[Source], general: &[Source]) -> Vec<Source> {
    let mut order: Vec<(f64, Source)> = Vec::with_capacity(train.len() + general.len());
    for part in [train, general] {
        let length = part.len() as f64;
        order.extend(
            part.iter()
                .enumerate()
                .map(|(at, row)| ((at as f64 + 0.5) / length, *row)),
        );
    }
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    order.into_iter().map(|(_, row)| row).collect()
}

/// The order of one epoch.
#[derive(Debug, Default)]
pub(super) struct EpochCache {
    number: Option<usize>,
    order: Vec<Source>,
}

#[cfg(test)]
mod tests {
    use shared::training::{BatchConfig, DataConfig, Method};

    use super::*;

    fn config(share: f64, shuffle: bool) -> TrainingConfig {
        TrainingConfig {
            data: DataConfig {
                general_share: share,
                shuffle,
                ..DataConfig::default()
            },
            batch: BatchConfig {
                size: 3,
                accumulation: 2,
                epochs: 2.5,
                max_steps: None,
            },
            seed: 7,
            ..TrainingConfig::default()
        }
    }

    fn order(train: usize, general: usize, share: f64, shuffle: bool) -> Order {
        Order::new(train, general, &config(share, shuffle))
    }

    fn epoch(order: &Order, number: usize) -> Vec<Vec<Source>> {
        let first = number * order.steps_by_epoch();
        (first..first + order.steps_by_epoch())
            .flat_map(|step| order.micro_batches(step, &mut EpochCache::default()))
            .collect()
    }

    #[test]
    fn every_epoch_has_each_row_once_in_another_order() {
        let order = order(20, 0, 0.0, true);
        assert_eq!(order.steps_by_epoch(), 4);
        assert_eq!(order.total_steps, 10);
        let (first, second) = (epoch(&order, 0), epoch(&order, 1));
        assert_eq!(
            first.iter().map(Vec::len).collect::<Vec<_>>(),
            [3, 3, 3, 3, 3, 3, 2]
        );
        assert_ne!(first, second);
        for epoch in [first, second] {
            let mut rows = epoch.concat();
            rows.sort();
            assert_eq!(rows, (0..20).map(Source::Train).collect::<Vec<_>>());
        }
    }

    #[test]
    fn without_shuffling_the_order_is_that_of_the_file() {
        assert_eq!(
            epoch(&order(4, 0, 0.0, false), 1).concat(),
            (0..4).map(Source::Train).collect::<Vec<_>>()
        );
    }

    #[test]
    fn general_rows_have_their_share_and_repeat_only_when_all_were_drawn() {
        for shuffle in [true, false] {
            let order = order(12, 10, 0.25, shuffle);
            assert_eq!(order.examples_by_epoch(), 16);
            let general: Vec<Source> = (0..5)
                .flat_map(|number| epoch(&order, number).concat())
                .filter(|row| matches!(row, Source::General(_)))
                .collect();
            assert_eq!(general.len(), 20);
            let mut drawn: Vec<Source> = general;
            drawn.sort();
            for pair in drawn.chunks(2) {
                assert_eq!(pair[0], pair[1], "each of ten rows twice in twenty");
            }
        }
    }

    #[test]
    fn a_limit_of_steps_wins() {
        let mut config = config(0.0, true);
        config.batch.max_steps = Some(3);
        assert_eq!(Order::new(100, 0, &config).total_steps, 3);
    }

    #[test]
    fn each_batch_comes_as_often_as_there_are_iterations() {
        let mut config = config(0.0, true);
        let once = Order::new(20, 0, &config);
        config.grpo.iterations = 3;
        assert_eq!(Order::new(20, 0, &config).total_steps, 10, "not of sft");
        config.method = Method::Grpo;
        let thrice = Order::new(20, 0, &config);
        assert_eq!((thrice.steps_by_epoch(), thrice.total_steps), (12, 30));
        assert!((thrice.epochs_after(6) - 0.5).abs() < 1e-12);
        assert!(thrice.ends_epoch(12) && !thrice.ends_epoch(4));
        let batch = |order: &Order, done| order.micro_batches(done, &mut EpochCache::default());
        for done in 0..thrice.total_steps {
            assert_eq!(batch(&thrice, done), batch(&once, done / 3), "{done}");
        }
    }
}
