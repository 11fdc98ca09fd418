//! What a training run is told ([`TrainingConfig`]) and what it tells ([`RunEvent`]).
//!
//! The web form, the API and the file given to `temper train` share [`TrainingConfig`]; each
//! field's doc comment is also its help text, through [`documented!`](crate::documented).

mod config;
mod event;
mod field;
mod method;
mod trained;

pub use config::{
    AdapterConfig, BatchConfig, CheckpointConfig, DataConfig, EvaluationConfig, GrpoConfig,
    LearningRateSchedule, OptimizerConfig, PolicyLoss, Precision, PreferenceConfig, PreferenceLoss,
    RewardScale, ScheduleConfig, TargetModule, TrainingConfig,
};
pub use event::{
    DrawnMetrics, EvaluationMetrics, PreferenceMetrics, RunEvent, Sample, StepMetrics, StopReason,
    TaskMetric,
};
pub use field::FieldDoc;
pub use method::{Lesson, Method};
pub use trained::Trained;
