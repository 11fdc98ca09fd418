//! The states of a value on its way, and how they follow each other.

use crate::api::{ApiError, ApiResult};

/// What there is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing yet.
    Waiting,
    /// A value, current as far as is known.
    Ready,
    /// A value that could not be read again.
    Stale,
    /// No value, and the reason why.
    Failed,
}

/// A value, what went wrong last, and whether it is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteState<T> {
    /// The last value that was read.
    pub value: Option<T>,
    /// Why the last reading failed, if it did.
    pub error: Option<ApiError>,
    /// Whether it is being read now.
    pub is_loading: bool,
    request: u32,
}

impl<T> Default for RemoteState<T> {
    fn default() -> Self {
        Self {
            value: None,
            error: None,
            is_loading: false,
            request: 0,
        }
    }
}

impl<T> RemoteState<T> {
    /// Begins a reading; the answer must name the request that is returned here.
    pub fn start(&mut self) -> u32 {
        self.request = self.request.wrapping_add(1);
        self.is_loading = true;
        self.request
    }

    /// Takes an answer, unless a later reading has begun.
    pub fn finish(&mut self, request: u32, answer: ApiResult<T>) {
        if request != self.request || matches!(answer, Err(ApiError::Aborted)) {
            return;
        }
        self.is_loading = false;
        match answer {
            Ok(value) => {
                self.value = Some(value);
                self.error = None;
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// What there is to show.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match (&self.value, &self.error) {
            (None, None) => Phase::Waiting,
            (None, Some(_)) => Phase::Failed,
            (Some(_), None) => Phase::Ready,
            (Some(_), Some(_)) => Phase::Stale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_reading_keeps_the_last_value_and_says_so() {
        let mut state = RemoteState::default();
        let first = state.start();
        assert_eq!(state.phase(), Phase::Waiting);
        state.finish(first, Ok(1));
        assert_eq!((state.phase(), state.is_loading), (Phase::Ready, false));
        let second = state.start();
        assert_eq!((state.phase(), state.is_loading), (Phase::Ready, true));
        state.finish(second, Err(ApiError::Network));
        assert_eq!((state.phase(), state.value), (Phase::Stale, Some(1)));
    }

    #[test]
    fn an_answer_that_comes_late_is_ignored() {
        let mut state = RemoteState::default();
        let first = state.start();
        let second = state.start();
        state.finish(second, Ok("new"));
        state.finish(first, Ok("old"));
        assert_eq!(state.value, Some("new"));
    }

    #[test]
    fn an_aborted_reading_changes_nothing() {
        let mut state = RemoteState::<u8>::default();
        let request = state.start();
        state.finish(request, Err(ApiError::Aborted));
        assert_eq!(state.phase(), Phase::Waiting);
    }
}
