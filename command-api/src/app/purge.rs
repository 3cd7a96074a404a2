//! Forgetting whose holds were that ended long ago.
//!
//! Like a sweep: the index says what may be due, and each hold is read again and made anonymous by a command of its own,
//! with its event, so that the projection forgets too. Any number of purges may work at once and each may stop anywhere.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::trace::Traceparent;
use contracts::{ReservationId, due};
use futures::{StreamExt, stream};
use serde::Serialize;
use uuid::Uuid;

use super::member::Basis;
use super::reservations::decision;
use super::{App, Caller, Context, Error, metrics};
use crate::domain::reservation::Command;
use crate::domain::{Refusal, hold};
use crate::store::{self, Key};

/// Holds that are made anonymous at the same time.
const CONCURRENCY: usize = 8;

/// What a purge came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Holds of which nobody knows any more whose they were.
    pub anonymised: u64,
    /// Holds that another purge was quicker with.
    pub skipped: u64,
    /// Holds that could not be made anonymous, and are due in the next purge.
    pub failed: u64,
}

enum End {
    Anonymised,
    Skipped,
}

impl App {
    /// Makes every ended hold anonymous whose time was over that many days ago. One that fails keeps no other from it.
    ///
    /// # Errors
    /// When the index cannot be read; what was forgotten by then stays so.
    pub async fn purge(&self, days: i64) -> Result<Purged, store::Error> {
        let ended_before = Utc::now() - TimeDelta::days(days);
        let mut purged = Purged::default();
        for shard in due::ENDED..due::ENDED + due::SHARDS {
            let mut start = None;
            loop {
                let page = self.tables.due(shard, ended_before, start).await?;
                let anonymise = |id| self.anonymise(id, ended_before);
                let mut ends = stream::iter(page.ids).map(anonymise).buffer_unordered(CONCURRENCY);
                while let Some(end) = ends.next().await {
                    match end {
                        Ok(End::Anonymised) => purged.anonymised += 1,
                        Ok(End::Skipped) => purged.skipped += 1,
                        Err(_) => purged.failed += 1,
                    }
                }
                start = page.next;
                if start.is_none() {
                    break;
                }
            }
        }
        metrics::purged(purged);
        Ok(purged)
    }

    async fn anonymise(&self, id: ReservationId, ended_before: DateTime<Utc>) -> Result<End, Error> {
        let ended = self.try_anonymise(id, ended_before).await;
        if let Err(error) = &ended {
            tracing::warn!(reservation.id = %id, %error, "a hold could not be made anonymous; the next purge tries again");
        }
        ended
    }

    async fn try_anonymise(&self, id: ReservationId, ended_before: DateTime<Utc>) -> Result<End, Error> {
        // The same for every purge.
        let key = format!("anonymise {id}");
        let traceparent = Traceparent::root(Uuid::now_v7(), Uuid::now_v7());
        let context = Context::new(Caller::System, &key, &[key.as_bytes()], traceparent);
        let command = Command::Anonymise { ended_before };
        let done = self.run(&context, vec![Key::Reservation(id)], Basis::Read, move |_, state, now| {
            let current = state.reservation(id).ok_or(Refusal::UnknownReservation(id))?;
            hold::advance(current.clone(), state, command, now).map(decision)
        });
        match self.observed("anonymise", &context, done).await {
            Ok(answer) if answer.replayed => Ok(End::Skipped),
            Ok(_) => Ok(End::Anonymised),
            Err(Error::Refused(Refusal::InvalidTransition { .. })) => Ok(End::Skipped),
            Err(error) => Err(error),
        }
    }
}
