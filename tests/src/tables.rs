//! DynamoDB tables of a test's own.

use std::ops::Range;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use contracts::{Table, TablePrefix};
use futures::{StreamExt, stream};
use platform::dynamodb::Dynamodb;
use uuid::Uuid;

/// SKUs of each store of [`Tables::put_stocks`].
const SKUS: u32 = 500;
/// Items of one `BatchWriteItem` (DynamoDB's own limit).
const BATCH: usize = 25;

/// Tables under a prefix that nobody else has. Deleted when dropped.
pub struct Tables {
    /// The endpoint that they are at.
    pub endpoint: String,
    /// What their names start with.
    pub prefix: TablePrefix,
    /// For what the test itself does.
    pub client: Client,
}

impl Tables {
    /// Migrated and empty.
    pub async fn new() -> Self {
        let tables = Self::unmigrated().await;
        migrations::dynamodb::migrate(&tables.client, &tables.prefix).await.unwrap();
        tables
    }

    /// Not made yet.
    pub async fn unmigrated() -> Self {
        let endpoint = crate::variable("DYNAMODB_ENDPOINT");
        let prefix: TablePrefix = format!("t{}-", Uuid::now_v7().simple()).parse().unwrap();
        let dynamodb = Dynamodb { dynamodb_endpoint: Some(endpoint.clone()), table_prefix: prefix.clone() };
        let client = Client::new(&dynamodb.sdk_config().await);
        Self { endpoint, prefix, client }
    }

    /// Writes stocks as the command side writes them, but without their events: more than commands could be sent for.
    pub async fn put_stocks(&self, numbers: Range<u32>) {
        let table = self.prefix.name(Table::Stock);
        let numbers: Vec<u32> = numbers.collect();
        let writes = stream::iter(numbers.chunks(BATCH)).map(|batch| {
            let items = batch.iter().copied().map(stock).collect();
            self.client.batch_write_item().request_items(&table, items).send()
        });
        let mut writes = std::pin::pin!(writes.buffer_unordered(4));
        while let Some(written) = writes.next().await {
            assert!(written.unwrap().unprocessed_items.unwrap_or_default().is_empty());
        }
    }
}

fn stock(n: u32) -> WriteRequest {
    let (store_id, sku) = (format!("hinata.store-{:04}", n / SKUS), format!("hinata.A-{:04}", n % SKUS));
    let number = |value: u32| AttributeValue::N(value.to_string());
    let put = PutRequest::builder()
        .item("pk", AttributeValue::S(format!("{store_id}#{sku}")))
        .item("store_id", AttributeValue::S(store_id))
        .item("sku", AttributeValue::S(sku))
        .item("version", number(1))
        .item("on_hand", number(n % 50))
        .item("held", number(0))
        .item("safety", number(1));
    WriteRequest::builder().put_request(put.build().unwrap()).build()
}

impl Drop for Tables {
    fn drop(&mut self) {
        let (client, prefix) = (self.client.clone(), self.prefix.clone());
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                for table in Table::ALL {
                    // What was never made cannot be deleted.
                    let _ = client.delete_table().table_name(prefix.name(table)).send().await;
                }
            })
        });
        let _ = dropped.join();
    }
}
