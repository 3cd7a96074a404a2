//! The tables on a real endpoint.

use aws_sdk_dynamodb::Client;
use contracts::{Table, TablePrefix};
use platform::dynamodb::Dynamodb;

#[tokio::test]
async fn makes_the_tables_twice_and_by_two_at_once() {
    let endpoint = std::env::var("DYNAMODB_ENDPOINT")
        .expect("DYNAMODB_ENDPOINT is not set: run the tests with `cargo dev test`");
    let table_prefix: TablePrefix = format!("t{}-", uuid::Uuid::now_v7().simple()).parse().unwrap();
    let dynamodb = Dynamodb { dynamodb_endpoint: Some(endpoint), table_prefix: table_prefix.clone() };
    let client = Client::new(&dynamodb.sdk_config().await);
    let (one, other) = tokio::join!(
        migrations::dynamodb::migrate(&client, &table_prefix),
        migrations::dynamodb::migrate(&client, &table_prefix)
    );
    one.unwrap();
    other.unwrap();
    migrations::dynamodb::migrate(&client, &table_prefix).await.unwrap();

    for table in Table::ALL {
        let name = table_prefix.name(table);
        let described = client.describe_table().table_name(&name).send().await.unwrap();
        let streams = described.table().unwrap().latest_stream_arn().is_some();
        assert_eq!(streams, table == Table::Outbox, "{name}");
        client.delete_table().table_name(&name).send().await.unwrap();
    }
}
