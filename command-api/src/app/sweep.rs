//! Ending holds whose time is over.
//!
//! The index says what may be due; each hold is read again and ended by a command of its own, so any number of sweepers
//! may work at once and each may stop anywhere.

use chrono::{DateTime, Utc};
use contracts::trace::Traceparent;
use contracts::{ReservationId, due};
use futures::{StreamExt, stream};
use serde::Serialize;
use uuid::Uuid;

use super::metrics;
use super::reservations::Move;
use super::{App, Caller, Context, Error};
use crate::domain::Refusal;
use crate::store::{self, Key};

/// Holds that are ended at the same time.
const CONCURRENCY: usize = 8;

/// What a sweep came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Holds that it ended.
    pub expired: u64,
    /// Holds that had been moved on since the index heard of them.
    pub skipped: u64,
    /// Holds that could not be ended, and are due in the next sweep.
    pub failed: u64,
}

enum End {
    Expired,
    Skipped,
}

impl App {
    /// Ends every hold whose time is over. One that cannot be ended keeps no other from it, and neither does a part of the
    /// index that cannot be read.
    ///
    /// # Errors
    /// When a part of the index cannot be read.
    pub async fn sweep(&self) -> Result<Swept, store::Error> {
        let now = Utc::now();
        let mut swept = Swept::default();
        let mut unread = Ok(());
        for shard in 0..due::SHARDS {
            unread = self.sweep_shard(shard, now, &mut swept).await.and(unread);
        }
        metrics::swept(swept);
        unread.map(|()| swept)
    }

    async fn sweep_shard(
        &self,
        shard: u8,
        now: DateTime<Utc>,
        swept: &mut Swept,
    ) -> Result<(), store::Error> {
        let mut start = None;
        loop {
            let page = self.tables.due(shard, now, start).await?;
            if page.unreadable > 0 {
                tracing::error!(
                    shard,
                    entries = page.unreadable,
                    "the index of due holds has entries that are none"
                );
                swept.failed += page.unreadable;
            }
            let mut ends = stream::iter(page.ids).map(|id| self.expire(id)).buffer_unordered(CONCURRENCY);
            while let Some(end) = ends.next().await {
                match end {
                    Ok(End::Expired) => swept.expired += 1,
                    Ok(End::Skipped) => swept.skipped += 1,
                    Err(_) => swept.failed += 1,
                }
            }
            start = page.next;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    async fn expire(&self, id: ReservationId) -> Result<End, Error> {
        let ended = self.try_expire(id).await;
        if let Err(error) = &ended {
            tracing::warn!(reservation.id = %id, %error, "a hold could not be ended; the next sweep tries again");
        }
        ended
    }

    async fn try_expire(&self, id: ReservationId) -> Result<End, Error> {
        let known = self.tables.load(&[Key::Reservation(id)]).await?;
        let Some(reservation) = known.reservation(id).filter(|reservation| reservation.status.is_open())
        else {
            return Ok(End::Skipped);
        };
        // The same for every sweeper, and another one when the hold has been extended.
        let key = format!("expire {id} {}", reservation.expires_at.timestamp_micros());
        let traceparent = Traceparent::root(Uuid::now_v7(), Uuid::now_v7());
        let context = Context {
            reason: Some("its time was over".to_owned()),
            ..Context::new(Caller::System, &key, &[key.as_bytes()], traceparent)
        };
        let expire = self.advance(&context, reservation, Move::Expire);
        match self.observed("expire", &context, expire).await {
            Ok(answer) if answer.replayed => Ok(End::Skipped),
            Ok(_) => Ok(End::Expired),
            Err(Error::Refused(Refusal::InvalidTransition { .. })) => Ok(End::Skipped),
            Err(error) => Err(error),
        }
    }
}
