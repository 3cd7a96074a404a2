//! DynamoDB tables of a test's own.

use aws_sdk_dynamodb::Client;
use contracts::{Table, TablePrefix};
use platform::dynamodb::Dynamodb;
use uuid::Uuid;

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
