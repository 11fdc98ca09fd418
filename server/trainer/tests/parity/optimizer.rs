//! AdamW with clipping, and schedules, against torch and transformers.

use candle_core::{Device, Tensor};
use serde_json::Value;
use shared::training::{LearningRateSchedule, OptimizerConfig, ScheduleConfig};
use trainer::optim::{AdamW, Schedule};

use crate::support::{json, numbers, relative_error};

fn floats(value: &Value) -> Vec<f32> {
    let all = value.as_array().unwrap().iter();
    all.map(|number| number.as_f64().unwrap() as f32).collect()
}

#[test]
fn twenty_steps_of_adamw_are_torchs() {
    let values = &json("gradients.json")["adamw"];
    let config = OptimizerConfig {
        weight_decay: values["weight_decay"].as_f64().unwrap(),
        max_grad_norm: values["max_grad_norm"].as_f64().unwrap(),
        ..OptimizerConfig::default()
    };
    let rate = values["lr"].as_f64().unwrap();
    let start = floats(&values["start"]);
    let size = start.len();
    let weight = Tensor::from_vec(start, size, &Device::Cpu).unwrap();
    let mut optimizer = AdamW::new(&config, size, &Device::Cpu).unwrap();
    for step in values["steps"].as_array().unwrap() {
        let grad = Tensor::from_vec(floats(&step["grad"]), size, &Device::Cpu).unwrap();
        let norm = optimizer.step(&weight, &grad, rate).unwrap();
        assert!((norm / step["norm"].as_f64().unwrap() - 1.0).abs() < 1e-6);
        let error = relative_error(&numbers(&weight), &floats(&step["weight"]));
        assert!(error < 1e-6, "{error}");
    }
}

#[test]
fn schedules_are_those_of_transformers() {
    for entry in json("gradients.json")["schedules"].as_array().unwrap() {
        let count = |key: &str| usize::try_from(entry[key].as_u64().unwrap()).unwrap();
        let config = ScheduleConfig {
            kind: serde_json::from_value::<LearningRateSchedule>(entry["kind"].clone()).unwrap(),
            warmup_steps: Some(count("warmup")),
            ..ScheduleConfig::default()
        };
        let schedule = Schedule::new(&config, count("total"));
        for (done, rate) in entry["rates"].as_array().unwrap().iter().enumerate() {
            let difference = schedule.factor(done) - rate.as_f64().unwrap();
            assert!(difference.abs() < 1e-12, "{entry} step {done}");
        }
    }
}
