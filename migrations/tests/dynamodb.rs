//! The tables on a real endpoint.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use contracts::Table;
use harness::Tables;

#[tokio::test]
async fn makes_the_tables_twice_and_by_two_at_once() {
    let tables = Tables::unmigrated().await;
    let migrate = || migrations::dynamodb::migrate(&tables.client, &tables.prefix);
    let (one, other) = tokio::join!(migrate(), migrate());
    one.unwrap();
    other.unwrap();
    migrate().await.unwrap();
    for table in Table::ALL {
        let described = tables.client.describe_table().table_name(tables.prefix.name(table)).send().await;
        let streams = described.unwrap().table().unwrap().latest_stream_arn().is_some();
        assert_eq!(streams, table == Table::Outbox, "{table:?}");
    }
}
