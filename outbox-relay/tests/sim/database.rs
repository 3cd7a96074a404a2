//! A database that does what MySQL may: statements that fail and leave the rest, deadlocks that roll all back, a writer
//! that was demoted, connections that break before the commit or after it, and statements that never end.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as StdError;
use std::fmt::{Debug, Display, Formatter};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::error::{DatabaseError, ErrorKind};
use tokio::time::{sleep, timeout};

use super::events::POISON;
use super::mutation::Mutation;
use super::world::{World, now, pause, tell};
use crate::core::Edition;
use crate::core::database::{Database, Error, Projection};
use crate::core::plan::Quarantined;
use crate::core::rows::{Reservation, Row, Stock};
use crate::poll::checkpoint::Places;
use crate::poll::leader::{Election, LEASE};
use crate::poll::shards::{Begin, Known};

/// What is committed.
#[derive(Default)]
pub(super) struct Data {
    /// By table and key: the version, and the row.
    pub rows: BTreeMap<(&'static str, String), (u64, String)>,
    /// Ids of records.
    pub quarantine: BTreeSet<String>,
    checkpoints: BTreeMap<String, Known>,
    lease: Lease,
}

/// The row that one relay has, and who holds it until a commit.
#[derive(Default)]
struct Lease {
    owner: Option<String>,
    until: DateTime<Utc>,
    /// Transactions, and when each last said anything.
    holders: BTreeMap<u64, DateTime<Utc>>,
    transactions: u64,
}

/// How long the server waits for the next statement of a transaction.
const SILENCE: TimeDelta = TimeDelta::seconds(5);

impl Data {
    /// What the query API would say: `query-api/read/as_of.rs`.
    pub(super) fn as_of(&self) -> Option<DateTime<Utc>> {
        let open = self.checkpoints.values().filter(|known| !known.finished || known.trimmed);
        open.map(|known| known.as_of.filter(|_| !known.trimmed)).min().flatten()
    }

    pub(super) fn any_trimmed(&self) -> bool {
        self.checkpoints.values().any(|known| known.trimmed)
    }

    fn checkpoint(&mut self, shard: &str) -> &mut Known {
        self.checkpoints.entry(shard.to_owned()).or_insert_with(|| Known {
            shard: shard.to_owned(),
            sequence_number: None,
            as_of: None,
            finished: false,
            trimmed: false,
        })
    }
}

/// A change that waits for its commit.
type Change = Box<dyn FnOnce(&mut Data)>;

/// The model as the relay sees it.
#[derive(Clone)]
pub(super) struct ModelDatabase(pub World);

/// One transaction.
pub(super) struct Transaction {
    world: World,
    changes: Vec<Change>,
    /// The connection is gone.
    gone: bool,
    number: u64,
    /// Who made sure that it leads.
    leader: Option<String>,
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.world.borrow_mut().data.lease.holders.remove(&self.number);
    }
}

impl Database for ModelDatabase {
    type Connection = Transaction;

    async fn transact<T>(
        &self,
        longest: Duration,
        work: impl AsyncFnOnce(&mut Transaction) -> Result<T, Error>,
    ) -> Result<T, Error> {
        pause(&self.0).await;
        if self.0.borrow_mut().fails() {
            return Err(sqlx::Error::PoolTimedOut.into());
        }
        let number = {
            let lease = &mut self.0.borrow_mut().data.lease;
            lease.transactions += 1;
            lease.transactions
        };
        let world = self.0.clone();
        let mut transaction = Transaction { world, changes: Vec::new(), gone: false, number, leader: None };
        let worked = timeout(longest, async {
            let value = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(value)
        });
        worked.await.unwrap_or_else(|_| Err(broken_connection()))
    }
}

impl Transaction {
    /// A statement, and what it changes.
    async fn run(&mut self, change: impl FnOnce(&mut Data) + 'static) -> Result<(), Error> {
        match self.read().await {
            Ok(()) => self.changes.push(Box::new(change)),
            Err(_) if !self.gone && self.world.borrow().has(Mutation::SkipOnError) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A statement that changes nothing.
    async fn read(&mut self) -> Result<(), Error> {
        pause(&self.world).await;
        self.is_alive()?;
        if !self.world.borrow_mut().fails() {
            return Ok(());
        }
        let kind = self.world.borrow_mut().rng.below(5);
        match kind {
            0 => Err(refused("HY000", "1205: lock wait timeout exceeded; the statement is rolled back")),
            1 => {
                self.changes.clear();
                Err(refused("40001", "1213: deadlock; the transaction is rolled back"))
            }
            2 => Err(refused("HY000", "1290: the server is running with --read-only")),
            3 => {
                self.gone = true;
                Err(broken_connection())
            }
            _ => {
                sleep(Duration::from_secs(60)).await;
                Ok(())
            }
        }
    }

    /// The server may have closed a connection on which nothing was said for too long.
    fn is_alive(&mut self) -> Result<(), Error> {
        let lease = &mut self.world.borrow_mut().data.lease;
        match lease.holders.get_mut(&self.number) {
            Some(last) => *last = now(),
            None => self.gone |= self.leader.is_some(),
        }
        if self.gone { Err(broken_connection()) } else { Ok(()) }
    }

    async fn commit(&mut self) -> Result<(), Error> {
        pause(&self.world).await;
        self.is_alive()?;
        if self.world.borrow_mut().fails() {
            return Err(broken_connection());
        }
        {
            let state = &mut *self.world.borrow_mut();
            if !self.changes.is_empty() && (self.leader.is_none() || self.leader != state.data.lease.owner) {
                state.breaks(format!("{:?} writes, and {:?} leads", self.leader, state.data.lease.owner));
            }
            self.changes.drain(..).for_each(|change| change(&mut state.data));
            let places: Vec<_> = state
                .data
                .checkpoints
                .values()
                .map(|known| {
                    (&known.shard, &known.sequence_number, known.as_of, known.finished, known.trimmed)
                })
                .collect();
            tell(format_args!("committed: {places:?}"));
            state.judge();
            state.data.lease.holders.remove(&self.number);
        }
        pause(&self.world).await;
        if self.world.borrow_mut().fails() { Err(broken_connection()) } else { Ok(()) }
    }
}

impl Projection for Transaction {
    async fn editions(&mut self) -> Result<&'static [Edition], Error> {
        Ok(&[Edition::Live])
    }

    async fn upsert<K: Ord + Debug, R: Row>(
        &mut self,
        _: Edition,
        rows: &BTreeMap<K, R>,
    ) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        if rows.values().any(|row| format!("{row:?}").contains(POISON)) {
            return Err(refused("22001", "1406: data too long for column"));
        }
        let rows: Vec<(String, u64, String)> =
            rows.iter().map(|(key, row)| (format!("{key:?}"), row.version(), format!("{row:?}"))).collect();
        let guarded = !self.world.borrow().has(Mutation::NoVersionGuard);
        self.run(move |data| {
            for (key, version, row) in rows {
                let known = data.rows.entry((R::TABLE, key)).or_default();
                if version > known.0 || !guarded {
                    *known = (version, row);
                }
            }
        })
        .await
    }

    /// No reservation of the simulation is anonymous.
    async fn forget(&mut self, _: &BTreeMap<String, Reservation>) -> Result<(), Error> {
        Ok(())
    }

    /// Nobody follows stocks here.
    async fn announce(&mut self, _: &BTreeMap<(String, String), Stock>) -> Result<(), Error> {
        Ok(())
    }

    async fn put_aside(&mut self, _: &str, records: &BTreeMap<String, Quarantined>) -> Result<(), Error> {
        let numbers: Vec<String> = records.keys().cloned().collect();
        let dropped = self.world.borrow().has(Mutation::NoQuarantine);
        if numbers.is_empty() || dropped {
            return Ok(());
        }
        self.run(|data| data.quarantine.extend(numbers)).await
    }

    async fn advance(
        &mut self,
        _: &str,
        shard: &str,
        sequence_number: &str,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<(), Error> {
        let (sequence_number, as_of) = mutated(&self.world, shard, sequence_number, as_of);
        let shard = shard.to_owned();
        let change = move |data: &mut Data| {
            let known = data.checkpoint(&shard);
            (known.sequence_number, known.as_of) = (Some(sequence_number), known.as_of.max(as_of));
        };
        if self.world.borrow().has(Mutation::CheckpointBeforeCommit) {
            change(&mut self.world.borrow_mut().data);
            return Ok(());
        }
        self.run(change).await
    }

    async fn open_unknown(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }
}

/// The checkpoint that a relay with a bug would have written.
fn mutated(
    world: &World,
    shard: &str,
    sequence: &str,
    as_of: Option<DateTime<Utc>>,
) -> (String, Option<DateTime<Utc>>) {
    let state = world.borrow();
    let next = || state.shards.after(shard, sequence).unwrap_or(sequence.to_owned());
    match state.mutation {
        Some(Mutation::PastTheUnapplied) => (next(), as_of),
        Some(Mutation::TimeOfApplying) => (sequence.to_owned(), Some(super::world::now())),
        _ => (sequence.to_owned(), as_of),
    }
}

impl Places for Transaction {
    async fn list(&mut self, _: &str) -> Result<Vec<Known>, Error> {
        self.read().await?;
        Ok(self.world.borrow().data.checkpoints.values().cloned().collect())
    }

    async fn retire_others(&mut self, _: &str) -> Result<u64, Error> {
        self.read().await.map(|()| 0)
    }

    async fn forget_ended(&mut self) -> Result<(), Error> {
        self.read().await
    }

    async fn begin(&mut self, _: &str, begin: &Begin) -> Result<(), Error> {
        if self.world.borrow().has(Mutation::NoChildren) {
            return Ok(());
        }
        let Begin { shard, as_of, orphan } = begin.clone();
        self.run(move |data| {
            if !data.checkpoints.contains_key(&shard) {
                let known = data.checkpoint(&shard);
                (known.as_of, known.trimmed) = (as_of, orphan);
            }
        })
        .await
    }

    async fn finish(&mut self, _: &str, shard: &str) -> Result<(), Error> {
        let shard = shard.to_owned();
        self.run(move |data| data.checkpoint(&shard).finished = true).await
    }

    async fn lose(&mut self, _: &str, shard: &str) -> Result<(), Error> {
        let shard = shard.to_owned();
        self.run(move |data| {
            let known = data.checkpoint(&shard);
            (known.trimmed, known.sequence_number) = (true, None);
        })
        .await
    }

    async fn stamp(&mut self, _: &str, shard: &str, as_of: DateTime<Utc>) -> Result<(), Error> {
        let shard = shard.to_owned();
        self.run(move |data| {
            let known = data.checkpoint(&shard);
            known.as_of = known.as_of.max(Some(as_of));
        })
        .await
    }

    async fn any_trimmed(&mut self) -> Result<bool, Error> {
        self.read().await?;
        Ok(self.world.borrow().data.any_trimmed())
    }
}

impl Election for Transaction {
    async fn lead(&mut self, _: &str, owner: &str) -> Result<bool, Error> {
        self.read().await?;
        loop {
            {
                let lease = &mut self.world.borrow_mut().data.lease;
                let is_own = lease.owner.as_deref() == Some(owner);
                if !is_own && lease.owner.is_some() && lease.until >= now() {
                    return Ok(false);
                }
                lease.holders.retain(|_, last| now() - *last < SILENCE);
                if lease.holders.is_empty() {
                    lease.owner = Some(owner.to_owned());
                    lease.until = now() + TimeDelta::from_std(LEASE).unwrap();
                    return Ok(true);
                }
            }
            pause(&self.world).await;
        }
    }

    async fn leads(&mut self, _: &str, owner: &str) -> Result<bool, Error> {
        self.read().await?;
        let state = &mut *self.world.borrow_mut();
        let unfenced = state.has(Mutation::NoFence);
        let lease = &mut state.data.lease;
        let leads = lease.owner.as_deref() == Some(owner) || unfenced;
        if leads {
            lease.holders.insert(self.number, now());
            self.leader = Some(owner.to_owned());
        }
        Ok(leads)
    }

    async fn resign(&mut self, _: &str, owner: &str) -> Result<(), Error> {
        self.read().await?;
        let lease = &mut self.world.borrow_mut().data.lease;
        lease.owner.take_if(|leader| leader == owner);
        Ok(())
    }
}

fn broken_connection() -> Error {
    sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()).into()
}

fn refused(code: &'static str, message: &'static str) -> Error {
    sqlx::Error::Database(Box::new(Refusal { code, message })).into()
}

/// What a database says, with its SQLSTATE.
#[derive(Debug)]
struct Refusal {
    code: &'static str,
    message: &'static str,
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.message)
    }
}

impl StdError for Refusal {}

impl DatabaseError for Refusal {
    fn message(&self) -> &str {
        self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.into())
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}
