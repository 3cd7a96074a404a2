use harness::Database;

use super::*;
use crate::core::Change;
use crate::poll::Health;

#[tokio::test]
async fn records_of_two_shards_with_one_sequence_number_are_both_put_aside() {
    let database = Database::new().await;
    let led = Led::new(Mysql::new(database.pool.clone()), "publish orders".to_owned(), "owner".to_owned());
    led.wait(&Health::default(), async |_| Ok(false)).await.unwrap();
    let ledger = Ledger::new(led, &"orders".parse().unwrap(), "arn");
    for shard in ["one", "other", "one"] {
        let record = Record {
            id: shard.to_owned(),
            sequence_number: Some("7".to_owned()),
            created_at: None,
            change: Change::Removed,
        };
        assert!(ledger.put_aside(&record, Undelivered::Record, "a reason").await.unwrap());
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM undelivered WHERE sequence_number = '7'").await, 2);
}
