//! A relay that cannot go on says so, whichever of its statements is held up.

use std::time::{Duration, Instant};

use harness::{System, until};

use crate::{readiness, some_events};

/// Below the server's own limit on waiting for a lock (50 s), at which a relay without one of its own would notice.
const NOTICED_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_on_the_checkpoints_is_noticed() {
    let system = System::new().await;
    some_events(&system).await;
    let relay = system.relay().await;
    system.settled().await;

    let mut holding = system.database.pool.begin().await.unwrap();
    sqlx::query("SELECT shard FROM checkpoints FOR UPDATE").fetch_all(&mut *holding).await.unwrap();
    let start = Instant::now();
    until("the relay is not ready", || async { !readiness(&relay).await.0 }).await;
    assert!(start.elapsed() < NOTICED_WITHIN, "noticed after {:?}", start.elapsed());
    holding.rollback().await.unwrap();
    until("the relay is ready", || async { readiness(&relay).await.0 }).await;
}
