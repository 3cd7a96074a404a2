//! What people and tills do.

use std::fmt;

/// One thing that somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// Looks one SKU up in one store.
    Stock,
    /// Looks for the nearest stores that have a SKU.
    Nearest,
    /// Looks at all sizes of a product, around a place.
    Availability,
    /// Searches products by words.
    Search,
    /// Looks at a hold of their own.
    OwnHold,
    /// Places a hold.
    Place,
    /// Has fetched what is held.
    Ready,
    /// Hands it over.
    Collect,
    /// Gives it up.
    Cancel,
    /// Counts one SKU in one store.
    Count,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 10] = [
        Self::Stock,
        Self::Nearest,
        Self::Availability,
        Self::Search,
        Self::OwnHold,
        Self::Place,
        Self::Ready,
        Self::Collect,
        Self::Cancel,
        Self::Count,
    ];

    /// Whether it only asks.
    pub(super) fn is_lookup(self) -> bool {
        matches!(self, Self::Stock | Self::Nearest | Self::Availability | Self::Search | Self::OwnHold)
    }

    /// Its place in [`Self::ALL`].
    pub(super) fn index(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or_default()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stock => "one SKU in one store",
            Self::Nearest => "nearest stores with a SKU",
            Self::Availability => "availability of a product",
            Self::Search => "search",
            Self::OwnHold => "own hold",
            Self::Place => "place",
            Self::Ready => "ready",
            Self::Collect => "collect",
            Self::Cancel => "cancel",
            Self::Count => "count",
        })
    }
}

/// When somebody came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Period {
    /// Before the burst.
    Quiet,
    /// In it.
    Burst,
    /// After it.
    After,
}

impl Period {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Quiet, Self::Burst, Self::After];
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Quiet => "quiet",
            Self::Burst => "burst",
            Self::After => "after",
        })
    }
}
