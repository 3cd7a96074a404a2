//! How long something takes while a few do it again and again.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::future::try_join_all;
use tokio::sync::{Mutex, MutexGuard};

/// Who asks at the same time: enough to keep two cores busy, and few enough that what is measured is the answer and not
/// the queue before it.
pub(super) const AT_ONCE: u64 = 4;
/// For how long, first to warm up, then to measure.
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(2);

/// How long it took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Times {
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    pub(super) per_second: f64,
}

impl Times {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(super) fn of(mut each: Vec<Duration>, whole: Duration) -> Self {
        each.sort_unstable();
        let at = |percent: usize| {
            let index = each.len().saturating_sub(1) * percent / 100;
            each.get(index).copied().unwrap_or_default()
        };
        Self { p50: at(50), p99: at(99), per_second: each.len() as f64 / whole.as_secs_f64() }
    }
}

/// A connection for each of those who ask at the same time.
pub(super) struct Connections<T>(Vec<Mutex<T>>);

impl<T> Connections<T> {
    pub(super) async fn open(connect: impl AsyncFn() -> Result<T>) -> Result<Self> {
        let connect = async || anyhow::Ok(Mutex::new(connect().await?));
        Ok(Self(try_join_all((0..AT_ONCE).map(|_| connect())).await?))
    }

    /// That of whoever does the nth piece of work: their numbers are neighbours.
    pub(super) async fn of(&self, n: u64) -> Result<MutexGuard<'_, T>> {
        let connection = self.0.get(usize::try_from(n % AT_ONCE)?);
        Ok(connection.context("no such connection")?.lock().await)
    }
}

/// Does the work again and again, with another number each time.
pub(super) async fn measure<F>(work: impl Fn(u64) -> F) -> Result<Times>
where
    F: Future<Output = Result<()>>,
{
    let mut asked = 0;
    let _ = run(&work, &mut asked, WARM_UP).await?;
    let start = Instant::now();
    let each = run(&work, &mut asked, MEASURED).await?;
    Ok(Times::of(each, start.elapsed()))
}

async fn run<F>(work: &impl Fn(u64) -> F, asked: &mut u64, longest: Duration) -> Result<Vec<Duration>>
where
    F: Future<Output = Result<()>>,
{
    let end = Instant::now() + longest;
    let first = *asked;
    let one = |who: u64| async move {
        let (mut each, mut n) = (Vec::new(), first + who);
        while Instant::now() < end {
            let start = Instant::now();
            work(n).await?;
            each.push(start.elapsed());
            n += AT_ONCE;
        }
        anyhow::Ok((each, n))
    };
    let all = try_join_all((0..AT_ONCE).map(one)).await?;
    *asked = all.iter().map(|(_, n)| *n).max().unwrap_or(first);
    Ok(all.into_iter().flat_map(|(each, _)| each).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredth_is_slower_than_p99() {
        let each = (1..=200).rev().map(Duration::from_millis).collect();
        let times = Times::of(each, Duration::from_secs(2));
        assert_eq!((times.p50, times.p99), (Duration::from_millis(100), Duration::from_millis(198)));
        assert_eq!(times.per_second, 100.0);
        assert_eq!(Times::of(Vec::new(), Duration::from_secs(1)).p99, Duration::ZERO);
    }
}
