//! The editions of the projection that rows are written to.

use super::rows::Row;

/// Where rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edition {
    /// What queries read.
    Live,
    /// What a rebuild makes beside it.
    Next,
    /// Rows of one connection, to be compared with the others.
    Staged,
}

impl Edition {
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::Live => "",
            Self::Next => "_next",
            Self::Staged => "_staged",
        }
    }

    /// Name of its table for these rows.
    pub(crate) fn table<R: Row>(self) -> String {
        format!("{}{}", R::TABLE, self.suffix())
    }
}
