//! The day itself: everybody comes when they are due.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use futures::{StreamExt, stream};
use reqwest::Method;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::arrivals::Arrival;
use super::book::Hold;
use super::people::Caller;
use super::scenario::Scenario;
use super::shop::{Served, Shop};
use super::tally::{End, Recent, quantile};
use super::wire::{Answer, Request};
use crate::console::say;

/// Holds of before the day that are placed at once.
const BEFORE_AT_ONCE: usize = 16;
/// Of so many arrivals one whose command is acknowledged looks it up, to see after how long a lookup has it.
const LAG_EVERY: usize = 5;
/// How long such a lookup may wait: as long as the query API lets anybody.
const LAG_WAIT: &str = "wait=10";
/// Such lookups under way at once; no further one is sent.
pub(super) const LAG_AT_ONCE: usize = 64;
/// Requests for nothing, of which the median is what others are held against.
const NOTHINGS: usize = 200;

/// Places the holds of before the day.
pub(super) async fn open(shop: &Shop, before: &[Arrival]) -> Result<()> {
    let served = stream::iter(before.iter().enumerate()).map(|(number, arrival)| shop.serve(number, arrival));
    let mut served = std::pin::pin!(served.buffer_unordered(BEFORE_AT_ONCE));
    while let Some(Served { end, .. }) = served.next().await {
        ensure!(end == End::Done, "a hold of before the day came to {end:?}");
    }
    Ok(())
}

/// The median of requests that are answered without a look at anything.
pub(super) async fn nothing(shop: &Shop) -> Result<Duration> {
    let url = format!("{}/livez", shop.query_url);
    let request =
        Request { method: Method::GET, url, caller: Caller::Guest, headers: Vec::new(), body: None };
    let mut each = Vec::new();
    for _ in 0..NOTHINGS {
        let sent = Instant::now();
        match shop.wire.send(&request).await {
            Answer::Done(_) => each.push(sent.elapsed().as_secs_f64()),
            answer => bail!("the query API does not live: {answer:?}"),
        }
    }
    Ok(Duration::from_secs_f64(quantile(&mut each, 0.5).unwrap_or_default()))
}

/// Lets everybody come when they are due, whatever became of those before, and returns when nobody waits any more. The first
/// of them has this number.
pub(super) async fn come(
    shop: &Arc<Shop>,
    scenario: &Scenario,
    all: Vec<Arrival>,
    first: usize,
    start: Instant,
) {
    let room = scenario.in_flight + scenario.waiting;
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for (number, arrival) in (first..).zip(all) {
        sleep_until((start + arrival.due).into()).await;
        shop.tally.came(&arrival);
        if inside.load(Ordering::Relaxed) >= room {
            shop.tally.ended(&arrival, End::NotSent);
            continue;
        }
        inside.fetch_add(1, Ordering::Relaxed);
        let (shop, inside) = (Arc::clone(shop), Arc::clone(&inside));
        tasks.spawn(async move {
            let Served { end, acknowledged } = shop.serve(number, &arrival).await;
            shop.tally.ended(&arrival, end);
            inside.fetch_sub(1, Ordering::Relaxed);
            if let Some(hold) = acknowledged.filter(|_| number.is_multiple_of(LAG_EVERY)) {
                see(&shop, &hold).await;
            }
        });
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
}

/// Looks up what was just acknowledged, as its owner would, until that has it.
async fn see(shop: &Shop, hold: &Hold) {
    let since = Instant::now();
    if let Some(Answer::Done(_) | Answer::Shed(..)) =
        shop.beside.send_if_room(&shop.own_hold(hold, LAG_WAIT)).await
    {
        shop.tally.visible_after(since.elapsed());
    }
}

/// Tells how it goes.
pub(super) fn tell(shop: &Shop, start: Instant) {
    let second = start.elapsed().as_secs();
    let Recent { came, answered, p99_ms } = shop.tally.recent();
    let under_way = shop.wire.under_way();
    say(format_args!(
        "{second:>4} s  {came:>5} came  {answered:>5} answered  {under_way:>4} in flight  p99 {p99_ms:>8.1} ms"
    ));
}
