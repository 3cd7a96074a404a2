//! DynamoDB in this process: `dynoxide` behind a real HTTP endpoint, with its data in one file.
//!
//! Owns the endpoint and the file. Opened again on the same file it goes on where it was: items and stream records are
//! kept, a checkpoint of the relay stays valid, and sequence numbers only ever rise (a new one is the last one plus
//! one, or the microseconds of the clock where that is more). It must never run on the caller's runtime: every call
//! works synchronously on the thread that serves it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::console::say;

/// Name of the file inside the engine's directory.
const FILE: &str = "dynamodb.sqlite";
/// Threads that serve calls. All of them share one lock on the file, so more would only wait.
const THREADS: usize = 4;
/// How long the index is waited for while another connection writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a stopping engine lets calls finish. They take milliseconds.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// dynoxide looks up the last sequence number of a table on every write, and the records of a shard on every read of
/// its stream, both as numbers; without these it scans the whole stream each time.
const INDEXES: &str = "
    CREATE INDEX IF NOT EXISTS torioki_stream_by_table
        ON _stream_records(table_name, CAST(sequence_number AS INTEGER));
    CREATE INDEX IF NOT EXISTS torioki_stream_by_shard
        ON _stream_records(table_name, shard_id, CAST(sequence_number AS INTEGER));";

/// A running embedded DynamoDB. Dropping it stops it.
#[derive(Debug)]
pub struct Dynamodb {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Dynamodb {
    /// Opens the database in this directory, or makes it, and serves it on a free loopback port.
    ///
    /// # Errors
    /// When the file or the port cannot be opened.
    pub fn start(dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let file = dir.join(FILE);
        let path = file.to_str().with_context(|| format!("{} is not UTF-8", file.display()))?;
        let database = dynoxide::Database::new(path)
            .map_err(|error| anyhow!("cannot open the embedded DynamoDB in {path}: {error}"))?;
        add_indexes(&file).with_context(|| format!("cannot add indexes to {path}"))?;

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("dynamodb")
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("dynamodb".to_owned()).spawn(move || {
            runtime.block_on(serve(listener, database, stopped));
            runtime.shutdown_timeout(DRAIN_TIMEOUT);
        })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where clients find it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// # Errors
    /// When it serves no more.
    pub fn check(&self) -> anyhow::Result<()> {
        match &self.thread {
            Some(thread) if !thread.is_finished() => Ok(()),
            _ => Err(anyhow!("the embedded DynamoDB has stopped serving")),
        }
    }

    /// Stops it: what was accepted is finished, within a bound, and the file is closed.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Dynamodb {
    fn drop(&mut self) {
        self.shut_down();
    }
}

async fn serve(listener: TcpListener, database: dynoxide::Database, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return say(format_args!("the embedded DynamoDB cannot listen: {error}")),
    };
    let (draining, drained) = oneshot::channel();
    let stopping = async move {
        // The sender is only ever dropped.
        let _ = stopped.await;
        let _ = draining.send(());
    };
    let overdue = async {
        match drained.await {
            Ok(()) => tokio::time::sleep(DRAIN_TIMEOUT).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        served = dynoxide::server::serve_with_shutdown(listener, database, stopping) => {
            if let Err(error) = served {
                say(format_args!("the embedded DynamoDB: {error}"));
            }
        }
        // A client that sent half a request would hold the end for ever.
        () = overdue => {}
    }
}

fn add_indexes(file: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(INDEXES)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::time::Instant;

    use reqwest::Client;
    use serde_json::{Value, json};

    use super::*;

    async fn call(engine: &Dynamodb, target: &str, body: Value) -> Value {
        let response = Client::new()
            .post(engine.endpoint())
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", target)
            .header("x-amz-date", "20250101T000000Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=local/20250101/local/dynamodb/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature=00",
            )
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{target}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn make_table(engine: &Dynamodb) {
        let table = json!({
            "TableName": "table",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        });
        call(engine, "DynamoDB_20120810.CreateTable", table).await;
    }

    async fn put(engine: &Dynamodb, key: &str) {
        let item = json!({"TableName": "table", "Item": {"pk": {"S": key}}});
        call(engine, "DynamoDB_20120810.PutItem", item).await;
    }

    /// The keys in the stream, in order, with their sequence numbers.
    async fn stream(engine: &Dynamodb) -> Vec<(String, u128)> {
        let streams = "DynamoDBStreams_20120810";
        let list = call(engine, &format!("{streams}.ListStreams"), json!({"TableName": "table"})).await;
        let arn = list["Streams"][0]["StreamArn"].as_str().unwrap().to_owned();
        let described = call(engine, &format!("{streams}.DescribeStream"), json!({"StreamArn": arn})).await;
        let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
        let from = json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        let iterator = call(engine, &format!("{streams}.GetShardIterator"), from).await;
        let page = json!({"ShardIterator": iterator["ShardIterator"]});
        let page = call(engine, &format!("{streams}.GetRecords"), page).await;
        let read = |record: &Value| {
            let record = &record["dynamodb"];
            let number = record["SequenceNumber"].as_str().unwrap().parse().unwrap();
            (record["Keys"]["pk"]["S"].as_str().unwrap().to_owned(), number)
        };
        page["Records"].as_array().unwrap().iter().map(read).collect()
    }

    #[tokio::test]
    async fn opened_again_it_goes_on_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Dynamodb::start(dir.path()).unwrap();
        make_table(&engine).await;
        put(&engine, "yesterday").await;
        let before = stream(&engine).await;
        engine.stop();

        let engine = Dynamodb::start(dir.path()).unwrap();
        let item = json!({"TableName": "table", "Key": {"pk": {"S": "yesterday"}}});
        let found = call(&engine, "DynamoDB_20120810.GetItem", item).await;
        assert_eq!(found["Item"]["pk"]["S"], "yesterday");
        put(&engine, "today").await;
        let after = stream(&engine).await;
        assert_eq!(after[..1], before);
        assert_eq!(after[1].0, "today");
        assert!(after[1].1 > after[0].1, "{after:?}");
    }

    #[tokio::test]
    async fn the_stream_is_looked_up_by_index() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Dynamodb::start(dir.path()).unwrap();
        make_table(&engine).await;
        let connection = Connection::open(dir.path().join(FILE)).unwrap();
        for (query, index) in [
            (
                "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 'table'",
                "torioki_stream_by_table",
            ),
            (
                "SELECT event_name FROM _stream_records WHERE table_name = 'table' AND shard_id = 's' \
                 AND CAST(sequence_number AS INTEGER) > 5 ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT 9",
                "torioki_stream_by_shard",
            ),
        ] {
            let plan: String = connection
                .query_row(&format!("EXPLAIN QUERY PLAN {query}"), [], |row| row.get("detail"))
                .unwrap();
            assert!(
                plan.contains(&format!("USING INDEX {index}"))
                    || plan.contains(&format!("USING COVERING INDEX {index}")),
                "{plan}"
            );
        }
    }

    #[tokio::test]
    async fn a_client_that_hangs_does_not_hold_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Dynamodb::start(dir.path()).unwrap();
        let mut half = TcpStream::connect(engine.address).unwrap();
        std::io::Write::write_all(&mut half, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{").unwrap();
        let started = Instant::now();
        engine.stop();
        assert!(started.elapsed() < 3 * DRAIN_TIMEOUT, "{:?}", started.elapsed());
    }

    /// On one thread, as `#[tokio::test]` is: calls are answered only because the engine has threads of its own.
    #[tokio::test]
    async fn a_busy_caller_does_not_stop_it() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Dynamodb::start(dir.path()).unwrap();
        make_table(&engine).await;
        let puts = (0..64).map(|n| {
            let engine = &engine;
            async move { put(engine, &format!("k{n}")).await }
        });
        futures::future::join_all(puts).await;
        let mut keys: Vec<u128> = stream(&engine).await.into_iter().map(|(_, number)| number).collect();
        keys.dedup();
        assert_eq!(keys.len(), 64);
    }
}
