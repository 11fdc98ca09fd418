//! Results that are slow to compute and quick to keep, so that asking again is quick.

use std::sync::{Arc, Mutex, PoisonError};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};

/// A result that is being computed, or is there.
pub type Coming<V> = Shared<BoxFuture<'static, Result<Arc<V>, Arc<str>>>>;

/// The results that were asked for last. Whoever asks for one that is being computed waits for it,
/// and one that nobody waits for any more is computed to its end all the same.
#[derive(Debug)]
pub struct Kept<K, V> {
    entries: Mutex<Vec<(K, Coming<V>)>>,
    most: usize,
}

impl<K: PartialEq, V: Send + Sync + 'static> Kept<K, V> {
    /// Keeps at most so many results.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self {
            entries: Mutex::new(Vec::new()),
            most,
        }
    }

    /// The result of a key; computed on a thread of its own if it is not there, or had failed.
    pub fn get(
        &self,
        key: K,
        compute: impl FnOnce() -> Result<V, String> + Send + 'static,
    ) -> Coming<V> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries.iter().position(|(known, _)| *known == key);
        let known = found.map(|place| entries.remove(place));
        let (key, coming) = match known {
            Some((key, coming)) if !matches!(coming.peek(), Some(Err(_))) => (key, coming),
            _ => (key, begin(compute)),
        };
        entries.push((key, coming.clone()));
        if entries.len() > self.most {
            drop(entries.remove(0));
        }
        coming
    }
}

fn begin<V: Send + Sync + 'static>(
    compute: impl FnOnce() -> Result<V, String> + Send + 'static,
) -> Coming<V> {
    let computing = tokio::task::spawn_blocking(compute);
    async move {
        match computing.await {
            Ok(Ok(value)) => Ok(Arc::new(value)),
            Ok(Err(message)) => Err(message.into()),
            Err(error) => Err(error.to_string().into()),
        }
    }
    .boxed()
    .shared()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_result_is_computed_once_and_a_failure_again() {
        let kept: Kept<u8, u8> = Kept::new(2);
        assert_eq!(*kept.get(1, || Ok(10)).await.unwrap(), 10);
        assert_eq!(*kept.get(1, || Ok(99)).await.unwrap(), 10);
        assert!(kept.get(2, || Err("no".to_owned())).await.is_err());
        assert_eq!(*kept.get(2, || Ok(20)).await.unwrap(), 20);
        kept.get(1, || Ok(99)).await.unwrap();
        kept.get(3, || Ok(30)).await.unwrap();
        let again = kept.get(1, || Ok(11)).await.unwrap();
        assert_eq!(*again, 10, "the one that was asked for longest ago goes");
        assert_eq!(*kept.get(2, || Ok(21)).await.unwrap(), 21);
    }
}
