//! What happens when an engine slows down: queues stay short, and staff keep their share.

use std::time::{Duration, Instant};

use devstack::service::Service;
use futures::future::join_all;
use harness::{Answer, Api, Call, Fault, Faults, Proxy, System, tokens};
use platform::auth::Role;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const STOCK: &str = "/v1/stores/hinata.shibuya-01/stock/hinata.KN1021-BLK-M";
const RESERVATIONS: &str = "/v1/stores/hinata.shibuya-01/reservations";

/// Of many shoppers who ask at once, those who were turned away.
async fn shed(asked: impl Iterator<Item = impl Future<Output = Answer>>) -> usize {
    let answers = join_all(asked).await;
    let shed = answers.iter().filter(|answer| answer.outcome() == (503, "overloaded"));
    shed.inspect(|answer| assert!(answer.says_when_to_retry(), "{:?}", answer.headers)).count()
}

async fn is_alive(service: &Service) {
    let start = Instant::now();
    let alive = reqwest::get(format!("{}/livez", service.base_url())).await.unwrap();
    assert_eq!(alive.status().as_u16(), 200);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_mysql_is_slow_shoppers_are_shed_and_staff_see_their_lists() {
    let system = System::counted(STORE, SKU).await;
    let proxy = Proxy::start(&system.database.url()).await;
    let mut service = system.query_api_at(&proxy.url(&system.database.url_of("app_query"))).await;
    service.wait_ready(Duration::from_secs(30)).await.unwrap();
    let guest = Api::new(service.base_url());
    let staff = guest.with_token(tokens::token(Role::Staff, "hinata", &[STORE], "taro"));
    proxy.slow(Duration::from_millis(150));
    let shoppers = shed((0..80).map(|_| guest.get(STOCK)));
    let (shed, ()) = tokio::join!(shoppers, async {
        // All places of shoppers are taken.
        tokio::time::sleep(Duration::from_millis(300)).await;
        is_alive(&service).await;
        let start = Instant::now();
        let _ = staff.get(RESERVATIONS).await.expect(200);
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    });
    assert!(shed > 30, "{shed} of 80 were shed");
    proxy.slow(Duration::ZERO);
    let _ = guest.get(STOCK).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_dynamodb_is_slow_shoppers_are_shed_and_a_hold_of_staff_goes_through() {
    harness::allow_files(4096);
    let system = System::new().await;
    let faults = Faults::start(&system.tables.endpoint).await;
    let mut service = system.command_api_at(faults.url()).await;
    service.wait_ready(Duration::from_secs(30)).await.unwrap();
    let (staff, other) = (Api::from(&service), "hinata.KN1021-WHT-M");
    staff.stock_up(STORE, "hinata.KN1021", &[SKU, other], 1000).await;
    let guest = staff.as_guest();
    faults.script("", Call::Read, std::iter::repeat(Some(Fault::Slow)));
    let shoppers = shed((0..700).map(|_| guest.hold(STORE, SKU, 1)));
    let (shed, ()) = tokio::join!(shoppers, async {
        tokio::time::sleep(Duration::from_millis(800)).await;
        is_alive(&service).await;
        let start = Instant::now();
        let _ = staff.hold(STORE, other, 1).await.expect(201);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    });
    assert!(shed > 100, "{shed} of 700 were shed");
    faults.calm();
    let _ = guest.hold(STORE, SKU, 1).await.expect(201);
}
