//! Ringing the relay after a commit, so that it reads at once what it would have read a little later.
//!
//! Best effort, and by nobody's leave: ringing is one flag, a datagram without content follows when there is time, and whether
//! anybody hears it is never known. No command waits for it or fails with it.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UdpSocket, lookup_host};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

/// How long a name's addresses are used: a relay that moved is found within that.
const RESOLVED_FOR: Duration = Duration::from_secs(10);
/// Wait after a name that led nowhere.
const RETRY: Duration = Duration::from_secs(1);
/// Most relays that are rung: the one that works, and those that wait to take over.
const MAX_RELAYS: usize = 4;

/// What is rung after each commit.
#[derive(Debug, Clone, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Something was committed.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Carries what is rung to a relay, by its `HOST:PORT`, for ever. What is rung while a datagram is sent, is one more.
    pub async fn carry(self, relay: Option<String>) -> Infallible {
        let Some(relay) = relay else { return pending().await };
        loop {
            if let Err(error) = self.carry_to(&relay).await {
                tracing::warn!(%error, net.peer = relay, "the relay cannot be rung, and reads in its own time");
                sleep(RETRY).await;
            }
        }
    }

    /// The same for as long as its addresses are believed.
    async fn carry_to(&self, relay: &str) -> io::Result<()> {
        let relays: Vec<SocketAddr> = lookup_host(relay).await?.collect();
        let first = relays.first().ok_or(io::ErrorKind::NotFound)?;
        let any = if first.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
        let reachable = || relays.iter().filter(|relay| relay.is_ipv4() == first.is_ipv4()).take(MAX_RELAYS);
        let until = Instant::now() + RESOLVED_FOR;
        while timeout_at(until, self.0.notified()).await.is_ok() {
            for relay in reachable() {
                // Not sent is as good as lost on the way.
                let _ = timeout_at(until, socket.send_to(&[], *relay)).await;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn who_listens_is_rung_and_nobody_else_is_missed() {
        let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let bell = Bell::default();
        // Before anybody carries it.
        bell.ring();
        let carried = tokio::spawn(bell.clone().carry(Some(relay.local_addr().unwrap().to_string())));
        let mut datagram = [0; 8];
        for _ in 0..3 {
            assert_eq!(timeout(SOON, relay.recv(&mut datagram)).await.unwrap().unwrap(), 0);
            bell.ring();
        }
        drop(relay);
        for _ in 0..1_000 {
            bell.ring();
            tokio::task::yield_now().await;
        }
        assert!(!carried.is_finished(), "a relay that is gone ended it");
        carried.abort();
    }
}
