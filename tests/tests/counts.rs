//! Counts from outside: late, old, and such that more is promised than there is.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use harness::{Answer, Api, System};
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

struct Counts<'a>(&'a Api);

impl Counts<'_> {
    fn path() -> String {
        format!("/v1/stores/{STORE}/stock/{SKU}")
    }

    async fn put(&self, body: Value) -> Answer {
        self.0.put(&Self::path(), body).await
    }

    async fn at(&self, on_hand: u32, time: DateTime<Utc>, source: &str) -> Answer {
        let observed_at = time.to_rfc3339_opts(SecondsFormat::Micros, true);
        self.put(json!({"on_hand": on_hand, "observed_at": observed_at, "source": source})).await
    }

    async fn adjust(&self, delta: i32) {
        let body = json!({"delta": delta, "reason": "till"});
        let _ = self.0.post(&format!("{}/adjustments", Self::path()), body).await.expect(201);
    }
}

#[tokio::test]
async fn an_older_count_is_not_applied_and_a_late_one_is_rebased() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    let counts = Counts(&api);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 10).await;

    let before_the_sales = Utc::now();
    counts.adjust(-2).await;
    let id = api.hold(STORE, SKU, 1).await.expect(201).text("reservation_id");
    let _ = api.advance(&id, "collect").await.expect(200);
    let late = counts.at(20, before_the_sales, "rfid").await.expect(200);
    assert_eq!((&late.body["applied"], &late.body["on_hand"]), (&json!(true), &json!(17)), "{}", late.body);

    let version = late.body["version"].clone();
    for source in ["rfid", "handheld"] {
        let older = counts.at(99, before_the_sales - Duration::seconds(1), source).await.expect(200);
        assert_eq!((&older.body["applied"], &older.body["on_hand"]), (&json!(false), &json!(17)), "{source}");
        assert_eq!(older.body["version"], version);
    }
    // Sent again under another key, it is what it was.
    let again = counts.at(20, before_the_sales, "rfid").await.expect(200);
    assert_eq!(again.body["on_hand"], 17);

    for _ in 0..33 {
        counts.adjust(-1 + 2).await;
    }
    let too_old = counts.at(20, before_the_sales, "rfid").await;
    assert_eq!((too_old.outcome(), &too_old.body["field"]), ((409, "count_too_old"), &json!("observed_at")));
    let oldest = too_old.text("oldest").parse::<DateTime<Utc>>().unwrap();
    assert!(oldest > before_the_sales && oldest < Utc::now(), "{oldest}");
    let now = counts.at(20, Utc::now(), "rfid").await.expect(200);
    assert_eq!(now.body["on_hand"], 20);

    let soon = (Utc::now() + Duration::hours(1)).to_rfc3339();
    for (field, body) in [
        ("observed_at", json!({"on_hand": 1, "observed_at": soon})),
        ("observed_at", json!({"on_hand": 1, "observed_at": "1969-12-31T23:59:59Z"})),
        ("observed_at", json!({"on_hand": 1, "observed_at": "yesterday"})),
        ("source", json!({"on_hand": 1, "source": "x".repeat(65)})),
        ("source", json!({"on_hand": 1, "source": ""})),
    ] {
        let refused = counts.put(body).await;
        assert_eq!((refused.outcome(), &refused.body["field"]), ((422, "invalid_field"), &json!(field)));
    }
}

#[tokio::test]
async fn a_shortfall_is_published_when_it_begins_and_when_it_ends() {
    let system = System::new().await;
    let (commands, relay) = tokio::join!(system.command_api(), system.relay());
    let api = Api::from(&commands);
    let counts = Counts(&api);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 5).await;
    let first = api.hold(STORE, SKU, 2).await.expect(201).text("reservation_id");
    let second = api.hold(STORE, SKU, 2).await.expect(201).text("reservation_id");

    let short = counts.put(json!({"on_hand": 3})).await.expect(200);
    assert_eq!((&short.body["available"], &short.body["missing"]), (&json!(0), &json!(1)));
    assert_eq!(api.hold(STORE, SKU, 1).await.outcome(), (409, "insufficient_stock"));
    counts.adjust(-1).await;
    // The count says that two are there: they can be handed over.
    let _ = api.advance(&first, "collect").await.expect(200);
    let refused = api.advance(&second, "collect").await;
    assert_eq!(refused.outcome(), (409, "stock_shortfall"));
    assert_eq!((&refused.body["sku"], &refused.body["on_hand"]), (&json!(SKU), &json!(0)));
    let _ = api.advance(&second, "cancel").await.expect(200);
    counts.adjust(1).await;
    system.settled().await;

    let events: Vec<String> =
        sqlx::query_scalar("SELECT event_type FROM history WHERE aggregate LIKE 'stock#%' ORDER BY version")
            .fetch_all(&system.database.pool)
            .await
            .unwrap();
    let expected = [
        "StockCounted",
        "StockCounted",
        "StockShortfallDetected",
        "StockAdjusted",
        "StockShortfallResolved",
        "StockAdjusted",
    ];
    assert_eq!(events, expected);
    drop(relay);
}
