//! Bugs that the relay could have. Each is made where the relay meets the stream or the database: what it asks for is
//! changed as if the relay had asked for that, so no line of the relay knows of it.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutation {
    /// Rows are written whatever their version.
    NoVersionGuard,
    /// The checkpoint is written at once, not with the rows.
    CheckpointBeforeCommit,
    /// A statement that failed is left out, and the rest goes on.
    SkipOnError,
    /// What is not understood is dropped.
    NoQuarantine,
    /// The checkpoint is one record further than what was applied.
    PastTheUnapplied,
    /// The time of an applied batch is when it was applied.
    TimeOfApplying,
    /// Shards have no parents.
    NoParents,
    /// A shard without a checkpoint is read from its newest record on.
    Latest,
    /// A shard that ends does not leave its children's rows behind.
    NoChildren,
    /// The shards of a page that was refused as too old are begun anew without a word.
    SilentLoss,
    /// Whoever led once, writes on.
    NoFence,
}

impl Mutation {
    pub(super) const ALL: [Self; 11] = [
        Self::NoVersionGuard,
        Self::CheckpointBeforeCommit,
        Self::SkipOnError,
        Self::NoQuarantine,
        Self::PastTheUnapplied,
        Self::TimeOfApplying,
        Self::NoParents,
        Self::Latest,
        Self::NoChildren,
        Self::SilentLoss,
        Self::NoFence,
    ];
}
