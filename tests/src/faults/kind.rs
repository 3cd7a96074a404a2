//! What can become of a call to DynamoDB.

/// A kind of call that can be met by faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `TransactWriteItems`.
    Write,
    /// `BatchGetItem` and `Query`.
    Read,
}

impl Call {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Write, Self::Read];

    /// By the `X-Amz-Target` of a request; every other call passes untouched.
    pub(super) fn of(target: &str) -> Option<Self> {
        match target.rsplit('.').next() {
            Some("TransactWriteItems") => Some(Self::Write),
            Some("BatchGetItem" | "Query") => Some(Self::Read),
            _ => None,
        }
    }

    /// The faults that it can meet.
    #[must_use]
    pub fn faults(self) -> &'static [Fault] {
        match self {
            Self::Write => &Fault::WRITES,
            Self::Read => &Fault::READS,
        }
    }
}

/// What becomes of one call, other than its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Cancelled: another transaction is at one of the items.
    ItemConflict,
    /// Cancelled: one item's partition is throttled.
    ItemThrottled,
    /// Cancelled: one item's table has no capacity left.
    ItemOverCapacity,
    /// `TransactionInProgressException`.
    InProgress,
    /// `ProvisionedThroughputExceededException`.
    OverCapacity,
    /// `ThrottlingException`.
    Throttled,
    /// `InternalServerError`, and nothing was done.
    Failed,
    /// `InternalServerError`, and yet it was committed.
    FailedAfter,
    /// The connection ends before anything is done.
    Cut,
    /// The connection ends after the commit.
    CutAfter,
    /// The connection ends, and the write arrives when its sender has long given it up.
    Late,
    /// No answer, and nothing is done.
    Stalled,
    /// No answer, and yet it was committed.
    StalledAfter,
    /// A batch reads only what it asked of the first of its tables, a query only one item.
    SomeUnread,
    /// A batch reads nothing; a query reads one item.
    AllUnread,
    /// Read after a while, but soon enough.
    Slow,
}

impl Fault {
    /// What a write can meet.
    pub const WRITES: [Self; 13] = [
        Self::ItemConflict,
        Self::ItemThrottled,
        Self::ItemOverCapacity,
        Self::InProgress,
        Self::OverCapacity,
        Self::Throttled,
        Self::Failed,
        Self::FailedAfter,
        Self::Cut,
        Self::CutAfter,
        Self::Late,
        Self::Stalled,
        Self::StalledAfter,
    ];

    /// What a read can meet.
    pub const READS: [Self; 8] = [
        Self::SomeUnread,
        Self::AllUnread,
        Self::Slow,
        Self::OverCapacity,
        Self::Throttled,
        Self::Failed,
        Self::Cut,
        Self::Stalled,
    ];

    /// Whether the caller finds out only by its clock.
    #[must_use]
    pub fn is_stall(self) -> bool {
        matches!(self, Self::Stalled | Self::StalledAfter)
    }
}
