//! Following stock: at once, without a gap, at the cost of one reader, and without waiting for anybody.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::mysql::MySqlPoolOptions;
use support::{Api, Database, Rows};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const STORE: &str = "hinata.shibuya-01";
const NEXT: &str = "INSERT INTO positions (name, position) VALUES ('stock', 1) \
                    ON DUPLICATE KEY UPDATE position = position + 1";

fn sku(n: usize) -> String {
    format!("hinata.K-{n:02}")
}

fn path(skus: usize) -> String {
    let skus: Vec<String> = (0..skus).map(|n| format!("&sku={}", sku(n))).collect();
    format!("/v1/stock/stream?store_id={STORE}{}", skus.concat())
}

/// Counts of so many SKUs, each at version 3.
async fn filled(skus: usize) -> Database {
    let db = Database::new().await;
    db.store(STORE).await;
    for n in 0..skus {
        db.stock(STORE, &sku(n), 5, 0, 0).await;
    }
    db
}

/// One transaction of the relay: these SKUs change.
async fn change(db: &Database, skus: &[usize]) {
    let mut transaction = db.pool.begin().await.unwrap();
    for n in skus {
        let update = "UPDATE stock SET version = version + 1, on_hand = on_hand + 1 WHERE sku = ?";
        sqlx::query(update).bind(sku(*n)).execute(&mut *transaction).await.unwrap();
    }
    sqlx::query(NEXT).execute(&mut *transaction).await.unwrap();
    for n in skus {
        let note = "INSERT INTO stock_changes (store_id, sku, position) \
                    SELECT ?, ?, position FROM positions WHERE name = 'stock' \
                    ON DUPLICATE KEY UPDATE position = VALUES(position)";
        sqlx::query(note).bind(STORE).bind(sku(*n)).execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// One transaction of the relay: a position without what changed at it would be told as nothing.
async fn run_as_one(db: &Database, statements: &[&'static str]) {
    let mut transaction = db.pool.begin().await.unwrap();
    for statement in statements {
        sqlx::query(*statement).execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// Every SKU changes.
async fn change_all(db: &Database) {
    let note = "INSERT INTO stock_changes (store_id, sku, position) SELECT stock.store_id, stock.sku, position \
                FROM stock JOIN positions ON name = 'stock' \
                ON DUPLICATE KEY UPDATE position = VALUES(position)";
    run_as_one(db, &["UPDATE stock SET version = version + 1", NEXT, note]).await;
}

/// One block of a stream.
#[derive(Debug, Default, Clone)]
struct Block {
    id: Option<String>,
    /// SKU and version.
    stock: Option<(String, u64)>,
    comment: bool,
}

struct Following {
    response: reqwest::Response,
    text: String,
}

impl Following {
    async fn start(api: &Api, path: &str, after: Option<&str>) -> Self {
        let headers: Vec<(&str, &str)> = after.map(|id| ("last-event-id", id)).into_iter().collect();
        let mut response = api.asked(path, &headers).await;
        // A machine that is busy with all the other tests.
        for _ in 0..5 {
            if response.status() == 503 {
                response = api.asked(path, &headers).await;
            }
        }
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next block; `None` at the end.
    async fn next(&mut self) -> Option<Block> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(parse(&block));
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Blocks up to the next position, with it. Signs of life are no answer.
    async fn group(&mut self) -> (Vec<(String, u64)>, String) {
        let up_to_position = async {
            let mut stocks = Vec::new();
            loop {
                let block = self.next().await.unwrap();
                stocks.extend(block.stock);
                if let Some(id) = block.id {
                    return (stocks, id);
                }
            }
        };
        timeout(Duration::from_secs(20), up_to_position).await.unwrap()
    }
}

fn parse(text: &str) -> Block {
    let mut block = Block::default();
    for line in text.lines() {
        if let Some(id) = line.strip_prefix("id: ") {
            block.id = Some(id.to_owned());
        } else if let Some(data) = line.strip_prefix("data: ") {
            let data: Value = serde_json::from_str(data).unwrap();
            assert!(data.get("as_of").is_some() && data["available"] == data["on_hand"], "{data}");
            block.stock = Some((data["sku"].as_str().unwrap().to_owned(), data["version"].as_u64().unwrap()));
        }
        block.comment |= line.starts_with(':');
    }
    block
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_within_a_quarter_of_a_second() {
    let db = filled(3).await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let mut following = Following::start(&api, &path(3), None).await;
    let (stocks, id) = following.group().await;
    assert_eq!(stocks.len(), 3);
    assert!(stocks.iter().all(|(_, version)| *version == 3), "{stocks:?}");
    assert_eq!(id, "0");
    for n in 0..20_usize {
        change(&db, &[n % 3]).await;
        let changed = Instant::now();
        let (stocks, _) = following.group().await;
        assert!(changed.elapsed() < Duration::from_millis(250), "{:?}", changed.elapsed());
        assert_eq!(stocks, [(sku(n % 3), 4 + n as u64 / 3)]);
    }
    // What nobody here follows is not told, and what was told is not told again.
    db.stock(STORE, "hinata.other", 1, 0, 0).await;
    let (stocks, id) = Following::start(&api, &path(3), Some("20")).await.group().await;
    assert_eq!((stocks.len(), id.as_str()), (0, "20"));
    // An id of another database, which is ahead of this one.
    let (stocks, _) = Following::start(&api, &path(3), Some("9000")).await.group().await;
    assert_eq!(stocks.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_in_a_storm_misses_nothing() {
    const SKUS: usize = 20;
    const CHANGES: usize = 400;
    let db = filled(SKUS).await;
    let api = Api::start(&db.user("app_query"), 4).await;
    let mut following = Following::start(&api, &path(SKUS), None).await;
    let storm = async {
        for n in 0..CHANGES {
            change(&db, &[n % SKUS, (n * 7 + 3) % SKUS]).await;
        }
        db.number("SELECT CAST(SUM(version) AS SIGNED) FROM stock").await
    };
    let follow = async {
        let mut seen: HashMap<String, u64> = HashMap::new();
        let (mut last, mut connections, mut read) = (None, 1, 0);
        // Until every change is accounted for: the sum of all versions is known.
        let expected = (3 * SKUS + 2 * CHANGES) as u64;
        while seen.values().sum::<u64>() < expected || seen.len() < SKUS {
            let block = timeout(Duration::from_secs(20), following.next()).await.unwrap().unwrap();
            if let Some((sku, version)) = block.stock {
                let known = seen.entry(sku).or_default();
                assert!(version >= *known, "{version} after {known}");
                *known = version;
                read += 1;
            }
            last = block.id.or(last);
            // In the middle of a group as well as behind it. A group has every SKU at most, so the longer connections
            // come to the end of one.
            if read > 5 + connections * 13 % 30 {
                read = 0;
                following = Following::start(&api, &path(SKUS), last.as_deref()).await;
                connections += 1;
            }
        }
        (seen.values().sum::<u64>(), connections)
    };
    // Signs of life come for ever: what is missed must end the test all the same.
    let both = async { tokio::join!(storm, follow) };
    let (sum, (seen, connections)) = timeout(Duration::from_secs(90), both).await.unwrap();
    assert_eq!(u64::try_from(sum).unwrap(), seen);
    assert!(connections > 10, "{connections}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_who_follow_cost_one_reader() {
    const FOLLOWERS: usize = 2000;
    harness::allow_files(16_384);
    let db = filled(1).await;
    // One connection, whose own counters tell how often it was asked.
    let pool = MySqlPoolOptions::new().max_connections(1).connect_lazy_with(db.user("app_query"));
    let api = Api::start_on(pool.clone()).await;
    let asked = async || {
        let row = sqlx::query_as::<_, (String, String)>("SHOW SESSION STATUS LIKE 'Com_stmt_execute'");
        let (_, value) = row.fetch_one(&pool).await.unwrap();
        value.parse::<u64>().unwrap()
    };
    let address = api.url.strip_prefix("http://").unwrap().to_owned();
    let mut followers = Vec::new();
    for _ in 0..FOLLOWERS {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        let request = format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", path(1));
        socket.write_all(request.as_bytes()).await.unwrap();
        read_until(&mut socket, "id: 0\n\n").await;
        followers.push(socket);
    }
    let before = asked().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = asked().await - before;
    // Twenty looks a second, of three statements each.
    assert!((20..=150).contains(&idle), "{idle} statements in two seconds");

    change(&db, &[0]).await;
    let changed = Instant::now();
    for socket in &mut followers {
        read_until(socket, "id: 1\n\n").await;
    }
    println!("all were told within {:?}", changed.elapsed());
    assert!(changed.elapsed() < Duration::from_secs(2), "{:?}", changed.elapsed());
}

async fn read_until(socket: &mut TcpStream, end: &str) {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&text).contains(end) {
        let read = timeout(Duration::from_secs(20), socket.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&buffer[..read]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_reading_is_left_behind_and_nobody_waits() {
    const SKUS: usize = 100;
    let db = filled(SKUS).await;
    let api = Api::start(&db.user("app_query"), 4).await;
    let mut slow = Following::start(&api, &path(SKUS), None).await;
    let _ = slow.group().await;
    let mut quick = Following::start(&api, &path(SKUS), None).await;
    let _ = quick.group().await;
    // Far more than what sockets hold, and than what may wait for one.
    for _ in 0..250 {
        change_all(&db).await;
        let told = Instant::now();
        let _ = quick.group().await;
        assert!(told.elapsed() < Duration::from_secs(2), "the quick one waits: {:?}", told.elapsed());
    }
    // What was on its way comes, and then the end.
    let drained = async { while slow.next().await.is_some() {} };
    assert!(timeout(Duration::from_secs(10), drained).await.is_ok(), "the slow one is still followed");
    assert!(timeout(Duration::from_millis(500), quick.next()).await.is_err(), "the quick one was ended");
}

#[tokio::test]
async fn what_changed_without_an_event_is_told_when_that_is_said() {
    let db = filled(2).await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let mut following = Following::start(&api, &path(2), None).await;
    let (_, first) = following.group().await;
    // A rebuild swapped another projection in.
    let noted = "INSERT INTO stock_changes SELECT '', '', position FROM positions";
    run_as_one(&db, &["UPDATE stock SET version = 9", NEXT, noted]).await;
    let (mut stocks, _) = following.group().await;
    while stocks.is_empty() {
        stocks = following.group().await.0;
    }
    assert_eq!(stocks, [(sku(0), 9), (sku(1), 9)]);
    let (again, _) = Following::start(&api, &path(2), Some(&first)).await.group().await;
    assert_eq!(again.len(), 2, "who was away is told, too");

    // Command state was restored to an earlier time, and the projection mended from it.
    let noted = "UPDATE stock_changes SET position = (SELECT position FROM positions)";
    run_as_one(&db, &["UPDATE stock SET version = 2", NEXT, noted]).await;
    let (stocks, _) = following.group().await;
    assert_eq!(stocks, [(sku(0), 2), (sku(1), 2)]);
}

#[tokio::test]
async fn a_silent_stream_gives_signs_of_life() {
    let db = filled(1).await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let mut following = Following::start(&api, &path(1), None).await;
    let _ = following.group().await;
    let beat = timeout(Duration::from_secs(20), following.next()).await.unwrap().unwrap();
    assert!(beat.comment, "{beat:?}");
}
