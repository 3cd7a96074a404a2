//! What the projection must be: the events one by one, in the order in which they were written, each simply put over what
//! was there. No batch, no versions to compare, nothing that fails.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::stream::ARN;
use crate::core::Edition;
use crate::core::database::{Database, Error, Projection};
use crate::core::plan::Quarantined;
use crate::core::rows::{Reservation, Row, Stock};
use crate::core::{Batch, Progress, Record, project};

/// By table and key: the version, and the row.
pub(super) type Rows = BTreeMap<(&'static str, String), (u64, String)>;

#[derive(Default)]
struct Fold(RefCell<Rows>);

pub(super) async fn fold(records: &[Record]) -> Rows {
    let fold = Fold::default();
    for record in records {
        let records = std::slice::from_ref(record);
        project(&fold, Batch { stream: ARN, records, progress: Progress::Caller }).await.unwrap();
    }
    fold.0.into_inner()
}

impl Database for Fold {
    type Connection = Rows;

    async fn transact<T>(
        &self,
        _: Duration,
        work: impl AsyncFnOnce(&mut Rows) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut rows = self.0.take();
        let value = work(&mut rows).await?;
        self.0.replace(rows);
        Ok(value)
    }
}

impl Projection for Rows {
    async fn editions(&mut self) -> Result<&'static [Edition], Error> {
        Ok(&[Edition::Live])
    }

    async fn upsert<K: Ord + Debug, R: Row>(
        &mut self,
        _: Edition,
        rows: &BTreeMap<K, R>,
    ) -> Result<(), Error> {
        let rows = rows
            .iter()
            .map(|(key, row)| ((R::TABLE, format!("{key:?}")), (row.version(), format!("{row:?}"))));
        self.extend(rows);
        Ok(())
    }

    async fn forget(&mut self, _: &BTreeMap<String, Reservation>) -> Result<(), Error> {
        Ok(())
    }

    /// Nobody follows stocks here.
    async fn announce(&mut self, _: &BTreeMap<(String, String), Stock>) -> Result<(), Error> {
        Ok(())
    }

    async fn put_aside(&mut self, _: &str, _: &BTreeMap<String, Quarantined>) -> Result<(), Error> {
        Ok(())
    }

    async fn advance(&mut self, _: &str, _: &str, _: &str, _: Option<DateTime<Utc>>) -> Result<(), Error> {
        Ok(())
    }

    async fn open_unknown(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }
}
