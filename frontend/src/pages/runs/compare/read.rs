//! Gets what is compared.

use futures::future::join_all;
use shared::run::Run;

use super::{
    super::{
        sources::{self, Sources},
        story::Story,
    },
    chosen::Chosen,
};
use crate::api::{self, ApiError, ApiResult};

/// A run with what it has told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What was asked for, and where it stands.
    pub run: Run,
    /// What happened.
    pub story: Story,
}

/// Everything that the page shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What the address says.
    pub chosen: Chosen,
    /// The runs in its order.
    pub runs: Vec<Told>,
    /// The numbers that the project has no run of.
    pub missing: Vec<i64>,
    /// What runs were made of, by name.
    pub sources: Sources,
}

/// Reads runs, all at the same time.
pub async fn read(slug: String, chosen: Chosen) -> ApiResult<Compared> {
    let numbers = chosen.numbers.clone();
    let all = numbers.iter().map(|number| one(&slug, *number));
    let mut compared = Compared {
        chosen,
        runs: Vec::new(),
        missing: Vec::new(),
        sources: Sources::default(),
    };
    for (number, answer) in numbers.iter().zip(join_all(all).await) {
        match answer {
            Ok(told) => compared.runs.push(told),
            Err(ApiError::NotFound(_)) => compared.missing.push(*number),
            Err(error) => return Err(error),
        }
    }
    if compared.runs.len() > 1 {
        compared.sources = sources::read(slug).await?;
    }
    Ok(compared)
}

async fn one(slug: &str, number: i64) -> ApiResult<Told> {
    let run = api::runs::get_run(slug, number).await?;
    let history = api::runs::get_run_history(slug, number).await?;
    Ok(Told {
        run,
        story: Story::from_history(history),
    })
}
