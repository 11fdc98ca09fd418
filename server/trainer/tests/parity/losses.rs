//! Every loss of preferences and rewards, and its gradient, against TRL's own code in 64 bits.

use serde_json::Value;
use shared::dataset::Votes;
use shared::training::{Method, TrainingConfig};
use trainer::loss::{Scored, Verdict, objective};

use crate::support::json;

/// The largest difference of the loss by TRL's, and of the gradient by its norm.
const TOLERANCE: f64 = 1e-12;

/// The log-probabilities of all sides, chosen and rejected in turn, and their reference sums.
struct Pairs {
    logps: Vec<f32>,
    spans: Vec<std::ops::Range<usize>>,
    reference: Vec<f64>,
}

impl Pairs {
    fn new(pairs: &Value) -> Self {
        let mut all = Self {
            logps: Vec::new(),
            spans: Vec::new(),
            reference: Vec::new(),
        };
        for pair in pairs.as_array().unwrap() {
            for side in ["chosen", "rejected"] {
                let first = all.logps.len();
                all.logps
                    .extend(numbers(&pair[side]["logps"]).map(|logp| logp as f32));
                all.spans.push(first..all.logps.len());
                all.reference
                    .push(pair[side]["reference"].as_f64().unwrap());
            }
        }
        all
    }
}

fn numbers(values: &Value) -> impl Iterator<Item = f64> {
    let values = values.as_array().unwrap().iter();
    values.map(|value| value.as_f64().unwrap())
}

/// What annotators said of the pairs, as far as a case takes it.
fn verdicts(stored: &Value, case: &Value) -> Vec<Verdict> {
    let takes = |taken: &Value| taken.as_bool().unwrap_or_default();
    let votes = stored["votes"].as_array().unwrap().iter();
    votes
        .zip(numbers(&stored["margins"]))
        .map(|(votes, margin)| {
            let counts: [u32; 2] = serde_json::from_value(votes.clone()).unwrap();
            Verdict {
                share: Votes::new(counts[0], counts[1]).unwrap().share(),
                margin: if takes(&case["margins"]) { margin } else { 0.0 },
            }
        })
        .collect()
}

/// The settings of a case, as a configuration has them.
fn config(case: &Value) -> TrainingConfig {
    let mut config = TrainingConfig {
        method: case["objective"]
            .as_str()
            .unwrap()
            .parse::<Method>()
            .unwrap(),
        ..TrainingConfig::default()
    };
    let settings = case["settings"].clone();
    if config.method == Method::Grpo {
        config.grpo = serde_json::from_value(settings).unwrap();
    } else {
        config.preference = serde_json::from_value(settings).unwrap();
    }
    config
}

#[test]
#[expect(clippy::print_stderr, reason = "the measured errors are worth seeing")]
fn losses_and_their_gradients_are_trls() {
    let stored = json("losses.json");
    let pairs = Pairs::new(&stored["pairs"]);
    let advantages: Vec<f64> = numbers(&stored["advantages"]).collect();
    // Off by what the script takes: -1 to 1, by quarters.
    let places = pairs.spans.iter().flat_map(|span| 0..span.len());
    let off = places.map(|place| (place % 9) as f32 / 4.0 - 1.0);
    let token_reference: Vec<f32> = pairs
        .logps
        .iter()
        .zip(off)
        .map(|(logp, off)| logp + off)
        .collect();
    // The same of what tokens were drawn with, in iterations after the first.
    let places = pairs.spans.iter().flat_map(|span| 0..span.len());
    let drawn_logps = pairs.logps.iter().zip(places);
    let drawn_logps: Vec<f32> = drawn_logps
        .map(|(logp, place)| logp - ((place % 7) as f32 - 3.0) / 8.0)
        .collect();
    let scored = Scored {
        logps: &pairs.logps,
        spans: &pairs.spans,
        reference: &pairs.reference,
        advantages: &advantages,
        ..Scored::default()
    };
    let lengths: Vec<usize> = pairs.spans.iter().map(ExactSizeIterator::len).collect();
    let sides = pairs.spans.len();
    let desirable: Vec<bool> = (0..sides).map(|side| side % 2 == 0).collect();
    for case in stored["cases"].as_array().unwrap() {
        let config = config(case);
        let objective = objective(&config);
        let is_later = config.iterations() > 1;
        let token_reference = if objective.needs_token_reference() {
            token_reference.as_slice()
        } else {
            &[]
        };
        let scored = Scored {
            desirable: &desirable,
            verdicts: &verdicts(&stored, case),
            token_reference,
            drawn_logps: if is_later { &drawn_logps } else { &[] },
            kl: case["kl"].as_f64().unwrap_or_default(),
            ..scored
        };
        let ours = objective.evaluate(&scored, objective.units(&lengths));
        if is_later {
            let theirs = numbers(&case["clipped"]);
            let shares = ours.clipped.shares().unwrap().into_iter().zip(theirs);
            for (ours, theirs) in shares {
                // A share of tokens, in 32 bits.
                assert!((ours - theirs).abs() < 1e-6 && theirs > 0.0, "{case}");
            }
        }
        let theirs = case["value"].as_f64().unwrap();
        let loss = (ours.loss / theirs - 1.0).abs();
        let sides = case["by_logp"].as_array().unwrap().iter();
        let theirs: Vec<f64> = sides.flat_map(numbers).collect();
        assert_eq!(ours.by_logp.len(), theirs.len());
        let norm = theirs.iter().map(|slope| slope * slope).sum::<f64>().sqrt();
        let off = ours.by_logp.iter().zip(&theirs);
        let off = off.map(|(ours, theirs)| (ours - theirs).powi(2));
        let gradient = off.sum::<f64>().sqrt() / norm;
        let margins = case["margins"]
            .as_bool()
            .map(|on| format!(", margins: {on}"));
        let name = format!(
            "{} {}{}",
            case["objective"],
            case["settings"],
            margins.unwrap_or_default()
        );
        eprintln!("{name}: loss {loss:.1e}, gradient {gradient:.1e}");
        assert!(loss < TOLERANCE && gradient < TOLERANCE, "{name}");
    }
}
