//! Whether the tables are there.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use contracts::{Table, outbox};

use super::items::PK;
use super::{Error, Tables};

/// A key that no item has.
const NOBODY: &str = "readiness";

impl Tables {
    /// Whether every table is there and answers: one batch that reads one missing key of each, half a read unit apiece.
    /// DynamoDB refuses a batch that names a table which it does not have.
    ///
    /// # Errors
    /// When one is not, or does not.
    pub async fn check(&self) -> Result<(), Error> {
        let mut asked = HashMap::new();
        for table in Table::ALL {
            let keys = KeysAndAttributes::builder().keys(missing_key(table)).build();
            asked.insert(self.name(table), keys.map_err(|cause| Error::Defect(cause.to_string()))?);
        }
        let answered = self.client.batch_get_item().set_request_items(Some(asked)).send().await;
        answered.map(drop).map_err(Error::of)
    }
}

fn missing_key(table: Table) -> HashMap<String, AttributeValue> {
    let mut key = HashMap::from([(PK.to_owned(), AttributeValue::S(NOBODY.to_owned()))]);
    if table == Table::Outbox {
        key.insert(outbox::VERSION.to_owned(), AttributeValue::N("0".to_owned()));
    }
    key
}
