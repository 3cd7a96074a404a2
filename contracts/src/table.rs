//! The DynamoDB tables by name, and the attributes of an outbox row: what the command side writes and the relay reads.

use std::fmt;
use std::str::FromStr;

/// One table of the write side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Counts of one SKU in one store.
    Stock,
    /// Holds.
    Reservations,
    /// Events to publish; its stream feeds the relay.
    Outbox,
    /// What each command was answered.
    Idempotency,
    /// How many running holds a customer has.
    Customers,
    /// Stores, products and SKUs.
    Masters,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Stock, Self::Reservations, Self::Outbox, Self::Idempotency, Self::Customers, Self::Masters];

    /// The name without its prefix.
    #[must_use]
    pub const fn base_name(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Reservations => "reservations",
            Self::Outbox => "outbox",
            Self::Idempotency => "idempotency",
            Self::Customers => "customers",
            Self::Masters => "masters",
        }
    }
}

/// What stands before every table name, so that several stacks can share one DynamoDB endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePrefix(String);

impl TablePrefix {
    /// The whole name of a table.
    #[must_use]
    pub fn name(&self, table: Table) -> String {
        format!("{}{}", self.0, table.base_name())
    }
}

impl FromStr for TablePrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if text.len() <= 200 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("a table prefix has at most 200 of A-Z, a-z, 0-9, -, _ and ., not `{text}`"))
        }
    }
}

impl fmt::Display for TablePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Attribute names of an outbox row.
pub mod outbox {
    /// Partition key (S): the aggregate's key.
    pub const AGGREGATE: &str = "pk";
    /// Sort key (N): the aggregate's version after the event.
    pub const VERSION: &str = "version";
    /// The protobuf envelope (B).
    pub const ENVELOPE: &str = "envelope";
    /// The event's name (S), for people who look at the table.
    pub const EVENT_TYPE: &str = "event_type";
    /// When DynamoDB may delete the row (N, seconds since the epoch); far behind the stream's 24 hours.
    pub const TTL: &str = "ttl";
    /// Version of the contract that the envelope needs its reader to know (N); 1 where it is missing.
    pub const SCHEMA: &str = "schema";
    /// The version that this code knows. Raised when a reader of the one before must not apply what is written from
    /// then on; not for fields and events that it may pass over.
    pub const SCHEMA_VERSION: u32 = 1;
}

/// The index of reservations that something is to be done about, by the time they end: first of those that run, then of
/// those that ended and still say whose they were. Sparse: one of which nobody knows any more whose it was is not in it.
pub mod due {
    /// The index.
    pub const INDEX: &str = "due";
    /// Partition key (N): one of [`SHARDS`], so that no hour's deadlines meet in one partition; from [`ENDED`] on for
    /// those that ended.
    pub const SHARD: &str = "due_shard";
    /// Sort key (N): microseconds since the epoch.
    pub const EXPIRES_AT: &str = "expires_at";
    /// How many partitions there are, of either kind.
    pub const SHARDS: u8 = 16;
    /// The first partition of those that ended.
    pub const ENDED: u8 = SHARDS;
}

/// Name (an SQL expression) of the lock of MySQL under which the projection's tables are changed: 64 characters at most, as
/// many as a database's name alone may have.
pub const SCHEMA_LOCK: &str = "SHA2(CONCAT('torioki-migrate-', DATABASE()), 224)";
