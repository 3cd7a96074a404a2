//! What the relay is measured against: the same work done one event at a time, and each half of it alone.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{Record, ShardIteratorType};
use contracts::events::Envelope;
use contracts::outbox;
use prost::Message;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{ConnectOptions, Connection};

use super::backlog::Events;
use super::drained::Drained;
use super::rows::{self, Row, STOCK, TABLES, Value, bound};

/// Records of one page (the API's own limit).
const PAGE: i32 = 1_000;
/// Events of one transaction of many rows, and rows of each statement of it.
const TOGETHER: usize = 1_000;
const ROWS: usize = 256;
/// Where the one that takes events one by one keeps its place.
const SHARD: &str = "yardstick";

/// A stream with one shard, as the embedded engine's are.
pub(super) struct Reader {
    client: Client,
    iterator: Option<String>,
}

impl Reader {
    /// From the oldest record on.
    pub(super) async fn open(client: Client, arn: &str) -> Result<Self> {
        let described = client.describe_stream().stream_arn(arn).send().await?;
        let shards = described.stream_description.context("no stream")?.shards.unwrap_or_default();
        let shard = shards.first().and_then(|shard| shard.shard_id.as_deref()).context("no shard")?;
        let iterator = client.get_shard_iterator().stream_arn(arn).shard_id(shard);
        let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await?;
        Ok(Self { client, iterator: iterator.shard_iterator })
    }

    async fn page(&mut self) -> Result<Vec<Record>> {
        let request = self.client.get_records().set_shard_iterator(self.iterator.take()).limit(PAGE);
        let page = request
            .send()
            .await
            .map_err(|error| anyhow::anyhow!("GetRecords: {}", error.message().unwrap_or("no answer")))?;
        self.iterator = page.next_shard_iterator;
        let records = page.records.unwrap_or_default();
        ensure!(!records.is_empty(), "the stream has fewer events than were written");
        Ok(records)
    }
}

/// Reads all records, and does nothing with them.
pub(super) async fn read(mut reader: Reader, events: usize) -> Result<Drained> {
    let (start, mut drained) = (Instant::now(), Drained::default());
    while drained.events() < events {
        let records = reader.page().await?.len();
        drained.add(records, start.elapsed());
    }
    Ok(drained)
}

/// Writes the rows of all events, many together, and knows them already.
pub(super) async fn upsert(mysql_url: &str, events: usize) -> Result<Drained> {
    let mut connection = connect(mysql_url).await?;
    let (mut drained, mut spent) = (Drained::default(), Duration::ZERO);
    let mut all = Events::default().take(events);
    let mut waiting: [Vec<Row>; TABLES.len()] = Default::default();
    while drained.events() < events {
        let some: Vec<Envelope> = all.by_ref().take(TOGETHER).collect();
        for event in &some {
            for (table, row) in rows::of(event)? {
                waiting[table].push(row);
            }
        }
        let is_last = drained.events() + some.len() == events;
        let start = Instant::now();
        let mut transaction = connection.begin().await?;
        for (table, rows) in TABLES.iter().zip(&mut waiting) {
            // Whole statements only, which stay prepared; what is left goes with the next ones.
            while rows.len() >= ROWS || (is_last && !rows.is_empty()) {
                let rows: Vec<Row> = rows.drain(..rows.len().min(ROWS)).collect();
                bound(table.upsert(rows.len()), rows.iter().flatten()).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        spent += start.elapsed();
        drained.add(some.len(), spent);
    }
    Ok(drained)
}

/// Takes each event by itself: its rows, and how far that is, in one transaction.
pub(super) async fn one_by_one(mut reader: Reader, mysql_url: &str, events: usize) -> Result<Drained> {
    let mut connection = connect(mysql_url).await?;
    let (start, mut drained) = (Instant::now(), Drained::default());
    while drained.events() < events {
        let records = reader.page().await?;
        for record in records.into_iter().take(events - drained.events()) {
            apply(&mut connection, &record).await?;
            drained.add(1, start.elapsed());
        }
    }
    Ok(drained)
}

async fn apply(connection: &mut MySqlConnection, record: &Record) -> Result<()> {
    let change = record.dynamodb().context("no change")?;
    let envelope = change.new_image().and_then(|image| image.get(outbox::ENVELOPE)).context("no envelope")?;
    let envelope = envelope.as_b().ok().context("an envelope that is no bytes")?;
    let envelope = Envelope::decode(envelope.as_ref())?;
    let mut transaction = connection.begin().await?;
    for (place, row) in rows::of(&envelope)? {
        let table = &TABLES[place];
        bound(table.upsert(1), row.iter()).execute(&mut *transaction).await?;
        if place == STOCK {
            tell(&mut transaction, &row).await?;
        }
    }
    let checkpoint = "INSERT INTO checkpoints (stream, shard, sequence_number) VALUES (?, ?, ?) \
                      ON DUPLICATE KEY UPDATE sequence_number = VALUES(sequence_number)";
    let checkpoint = sqlx::query(checkpoint).bind(SHARD).bind(SHARD).bind(change.sequence_number());
    checkpoint.execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

/// Tells whoever follows stocks that this one changed.
async fn tell(connection: &mut MySqlConnection, stock: &[Value]) -> Result<()> {
    let next = "INSERT INTO positions (name, position) VALUES ('stock', 1) \
                ON DUPLICATE KEY UPDATE position = position + 1";
    sqlx::query(next).execute(&mut *connection).await?;
    let position = sqlx::query_scalar("SELECT position FROM positions WHERE name = 'stock'");
    let position = Value::Number(position.fetch_one(&mut *connection).await?);
    let changed = "INSERT INTO stock_changes (store_id, sku, position) VALUES (?, ?, ?) \
                   ON DUPLICATE KEY UPDATE position = VALUES(position)";
    let key = stock.iter().take(2).chain([&position]);
    bound(changed.to_owned(), key).execute(connection).await?;
    Ok(())
}

async fn connect(mysql_url: &str) -> Result<MySqlConnection> {
    let options: MySqlConnectOptions = mysql_url.parse()?;
    Ok(options.disable_statement_logging().connect().await?)
}
