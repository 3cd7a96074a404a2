//! The editions of the projection that rows are written to.

use sqlx::{Executor, MySqlConnection};

use super::Plan;
use super::rows::{Row, upsert};

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

    /// The editions that every event has to be written to now. To be read before a transaction touches any row: the swap
    /// waits for whoever has read this, and whoever reads it afterwards finds the swap done (docs/adr, rebuild).
    pub(super) async fn under_way(connection: &mut MySqlConnection) -> Result<&'static [Self], sqlx::Error> {
        let next = connection.fetch_optional("SELECT 1 FROM next_projection LIMIT 1").await?;
        Ok(if next.is_some() { &[Self::Live, Self::Next] } else { &[Self::Live] })
    }
}

impl Plan {
    /// Writes all rows of state; history is of events, and there is one for all editions.
    pub(super) async fn write(
        &self,
        connection: &mut MySqlConnection,
        edition: Edition,
    ) -> Result<(), sqlx::Error> {
        upsert(connection, edition, self.stores.values()).await?;
        upsert(connection, edition, self.products.values()).await?;
        upsert(connection, edition, self.skus.values()).await?;
        upsert(connection, edition, self.stocks.values()).await?;
        upsert(connection, edition, self.reservations.values()).await?;
        upsert(connection, edition, self.lines.values()).await
    }
}
