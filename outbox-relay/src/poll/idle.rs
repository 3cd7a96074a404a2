//! The wait between two reads where there was nothing to read, and being rung out of it.
//!
//! A nudge only ever shortens the wait: the relay then reads the stream, which alone says what there is. It is a datagram
//! that anybody may send, so what is in it is not looked at, and however many come, the next read comes no sooner than
//! [`LEAST_WAIT`] allows.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// Wait after a round in which no shard had anything, in milliseconds: five idle `GetRecords` a second and shard.
pub const IDLE_WAIT_MS: u64 = 200;
/// Shortest such wait, however often it is rung: a flood of nudges costs 200 reads a second and shard, and a nudge that comes
/// meanwhile waits no longer than its record's transaction takes.
const LEAST_WAIT: Duration = Duration::from_millis(5);
/// Most datagrams that are taken for one nudge: more than a socket holds, unless they keep coming.
const MAX_TOGETHER: usize = 4096;

/// How the poller waits for something to read.
#[derive(Debug, Clone)]
pub struct Idle {
    longest: Duration,
    rung: Arc<Notify>,
}

impl Default for Idle {
    fn default() -> Self {
        Self::of(Duration::from_millis(IDLE_WAIT_MS))
    }
}

impl Idle {
    /// Waits so long where nobody rings.
    #[must_use]
    pub fn of(longest: Duration) -> Self {
        Self { longest, rung: Arc::default() }
    }

    /// Takes what comes to this address for nudges, for ever.
    ///
    /// # Errors
    /// When we may not listen there.
    pub async fn listen(&self, address: Option<SocketAddr>) -> io::Result<Infallible> {
        let Some(address) = address else { return pending().await };
        let socket = UdpSocket::bind(address).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen for nudges on {address}: {error}"))
        })?;
        loop {
            // Also where it cannot be read, something came.
            let _ = socket.recv(&mut [0]).await;
            let also = |_: &usize| socket.try_recv(&mut [0]).is_ok();
            (0..MAX_TOGETHER).take_while(also).for_each(drop);
            self.ring();
            sleep(LEAST_WAIT).await;
        }
    }

    /// There may be something to read.
    pub(crate) fn ring(&self) {
        self.rung.notify_one();
    }

    /// Waits until it is time to read again, or until it is rung.
    pub(super) async fn wait(&self) {
        sleep(LEAST_WAIT.min(self.longest)).await;
        // Either way, one reads.
        let _ = timeout(self.longest.saturating_sub(LEAST_WAIT), self.rung.notified()).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    /// How often it is waited in a second.
    async fn waits(idle: &Idle) -> u32 {
        let (start, mut waits) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_secs(1) {
            idle.wait().await;
            waits += 1;
        }
        waits
    }

    #[tokio::test(start_paused = true)]
    async fn a_nudge_ends_the_wait_and_a_flood_of_them_does_not_end_waiting() {
        let idle = Idle::default();
        assert_eq!(waits(&idle).await, 5);
        let start = Instant::now();
        let nudged = async {
            sleep(Duration::from_millis(20)).await;
            idle.ring();
        };
        tokio::join!(nudged, idle.wait());
        assert_eq!(start.elapsed(), Duration::from_millis(20));
        let flood = async {
            loop {
                idle.ring();
                sleep(Duration::from_micros(100)).await;
            }
        };
        tokio::select! {
            waits = waits(&idle) => assert!((150..=200).contains(&waits), "{waits}"),
            () = flood => {}
        }
    }
}
