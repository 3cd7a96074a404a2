//! How much each client may do of a real service, and that it keeps nothing from the others.

use contracts::consistency::Token;
use contracts::events::Envelope;
use devstack::service::Service;
use futures::future::join_all;
use harness::{Answer, Api, LimitsFile, System, unique, until};
use platform::auth::Role;
use reqwest::Method;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const STOCK: &str = "/v1/stores/hinata.shibuya-01/stock/hinata.KN1021-BLK-M";

fn code(answer: &Answer) -> (u16, &str, &str) {
    let (status, code) = answer.outcome();
    (status, code, answer.body["limit"].as_str().unwrap_or_default())
}

const THROTTLED: (u16, &str) = (429, "throttled");

fn policy(answer: &Answer) -> &str {
    answer.headers["ratelimit-policy"].to_str().unwrap()
}

async fn metrics(service: &Service) -> String {
    reqwest::get(format!("{}/metrics", service.base_url())).await.unwrap().text().await.unwrap()
}

/// The API of a service, asked by a user with this role.
fn of_role(service: &Service, role: Role, subject: &str) -> Api {
    let token = harness::tokens::token(role, "hinata", &[STORE], subject);
    Api::new(service.base_url()).with_token(token)
}

/// The quota of each client, by which a test sees what it was taken for.
const QUOTAS: [(&str, u32); 6] =
    [("web", 101), ("app", 102), ("staff", 103), ("pos", 104), ("partner", 105), ("unknown", 106)];

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_known_by_its_token_or_by_what_a_trusted_proxy_says() {
    let system = System::counted(STORE, SKU).await;
    let quotas = QUOTAS.map(|(client, quota)| {
        (format!("clients.{client}"), format!("{{ quota = {quota}, seconds = 3600 }}"))
    });
    let quotas: Vec<_> = quotas.iter().map(|(of, quota)| (of.as_str(), "requests", quota.as_str())).collect();
    let proxy = ("proxies", "trusted", "[\"127.0.0.0/8\"]\nclient_header = \"torioki-client\"");
    let trusting = LimitsFile::new(&[quotas.as_slice(), &[proxy]].concat());
    let wary = LimitsFile::new(&quotas);
    for (file, trusts) in [(trusting, true), (wary, false)] {
        let service = system.query_api_with(&file.environment()).await;
        let guest = Api::new(service.base_url());
        let quota = |answer: &Answer| {
            let quota = policy(answer).split(['=', ';']).nth(2).unwrap();
            quota.parse::<u32>().unwrap_or_else(|_| panic!("{quota} in {}", policy(answer)))
        };
        for (client, expected) in QUOTAS {
            let said = [("torioki-client", client), ("forwarded", "for=198.51.100.7")];
            let answer = guest.send(Method::GET, STOCK, &said, String::new()).await.expect(200);
            assert_eq!(quota(&answer), if trusts { expected } else { 106 }, "{client}");
        }
        for (role, expected) in [
            (Role::Staff, 103),
            (Role::Manager, 103),
            (Role::Ops, 103),
            (Role::Pos, 104),
            (Role::Customer, 101),
        ] {
            let said = [("torioki-client", "web")];
            let api = of_role(&service, role, "hana");
            let answer = api.send(Method::GET, STOCK, &said, String::new()).await.expect(200);
            let expected = if role == Role::Customer && !trusts { 106 } else { expected };
            assert_eq!(quota(&answer), expected, "{role}");
        }
        // Each address behind the proxy has a bucket of its own, and a network of IPv6 has one.
        let left = async |forwarded: &str| {
            let headers = [("forwarded", forwarded)];
            let answer = guest.send(Method::GET, STOCK, &headers, String::new()).await.expect(200);
            let left = answer.headers["ratelimit"].to_str().unwrap().split(['=', ';']).nth(2);
            left.unwrap().parse::<u32>().unwrap()
        };
        let (first, other) = (left("for=203.0.113.1").await, left("for=203.0.113.2").await);
        assert_eq!(first == other, trusts, "{first} {other}");
        let (first, same) = (left("for=\"[2001:db8::1]\"").await, left("for=\"[2001:db8::2]:80\"").await);
        assert_eq!(same + 1, first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_over_a_limit_is_told_when_to_come_again_and_nobody_else_is_kept_out() {
    let system = System::new().await;
    let file = LimitsFile::new(&[
        ("clients.staff", "requests", "{ quota = 6, seconds = 3600 }"),
        ("clients.unknown", "holds", "{ quota = 2, seconds = 3600 }"),
    ]);
    let service = system.command_api_with(&file.environment()).await;
    let [hana, taro] = ["hana", "taro"].map(|subject| of_role(&service, Role::Manager, subject));
    hana.stock_up(STORE, "hinata.KN1021", &[SKU], 100).await;
    let guest = hana.as_guest();
    for _ in 0..2 {
        let _ = guest.hold(STORE, SKU, 1).await.expect(201);
    }
    let over = guest.hold(STORE, SKU, 1).await;
    assert_eq!(code(&over), (429, "throttled", "holds"));
    assert!(
        over.says_when_to_retry() && policy(&over).contains("\"holds\";q=2;w=3600"),
        "{:?}",
        over.headers
    );
    // A guest who may place no hold may still do everything else.
    assert_eq!(guest.advance("0192f0c1-2d3e-7a4b-8c5d-6e7f80910213", "cancel").await.status, 401);
    for _ in 0..3 {
        let _ = hana.hold(STORE, SKU, 1).await.expect(201);
    }
    assert_eq!(code(&hana.hold(STORE, SKU, 1).await), (429, "throttled", "requests"));
    let _ = taro.hold(STORE, SKU, 1).await.expect(201);

    let metrics = metrics(&service).await;
    for line in [
        r#"torioki_throttle_requests_total{client="staff",outcome="taken"} 7"#,
        r#"torioki_throttle_requests_total{client="staff",outcome="requests"} 1"#,
        r#"torioki_throttle_requests_total{client="unknown",outcome="holds"} 1"#,
        r#"torioki_throttle_in_flight{client="staff"} 0"#,
        "torioki_throttle_callers 3",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_is_not_looked_at_and_who_is_known_is() {
    let system = System::new().await;
    let file = LimitsFile::new(&[("guesses", "quota", "5"), ("guesses", "seconds", "3600")]);
    let service = system.command_api_with(&file.environment()).await;
    let manager = Api::from(&service);
    manager.stock_up(STORE, "hinata.KN1021", &[SKU], 100).await;
    let held = manager.as_guest().hold(STORE, SKU, 1).await.expect(201);
    let (id, capability) = (held.text("reservation_id"), held.text("capability"));
    for n in 0..5 {
        let guess = manager.holding(&format!("{n}{}", &capability[1..]));
        assert_eq!(guess.advance(&id, "cancel").await.status, 404, "{n}");
    }
    let right = manager.holding(&capability).advance(&id, "cancel").await;
    assert_eq!(code(&right), (429, "throttled", "guesses"), "the sixth guess is told to be right");
    // Whoever has another hold at the same address goes on.
    let other = manager.as_guest().hold(STORE, SKU, 1).await.expect(201);
    let holder = manager.holding(&other.text("capability"));
    let _ = holder.advance(&other.text("reservation_id"), "cancel").await.expect(200);
    let forged = manager.with_token("eyJhbGciOiJSUzI1NiJ9.e30.AA".to_owned());
    for _ in 0..5 {
        assert_eq!(forged.hold(STORE, SKU, 1).await.status, 401);
    }
    assert_eq!(forged.hold(STORE, SKU, 1).await.outcome(), THROTTLED);
    // The same address: somebody whose token is good guesses nothing.
    let _ = manager.advance(&id, "cancel").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_counts_without_a_restart_and_one_that_is_wrong_changes_nothing() {
    let system = System::counted(STORE, SKU).await;
    let requests = |quota: u32| format!("{{ quota = {quota}, seconds = 3600 }}");
    let file = LimitsFile::new(&[("clients.unknown", "requests", &requests(701))]);
    let service = system.query_api_with(&file.environment()).await;
    let guest = Api::new(service.base_url());
    let told = async || policy(&guest.get(STOCK).await.expect(200)).to_owned();
    assert!(told().await.contains("q=701;"));
    file.write(&[("clients.unknown", "requests", &requests(702))]);
    until("the file's limits count", || async { told().await.contains("q=702;") }).await;

    file.write(&[("clients.unknown", "requests", &requests(0))]);
    let refusal = "clients.unknown.requests.quota must be 1 to";
    let said = || std::fs::read_to_string(service.log()).unwrap().matches(refusal).count();
    until("the log says why", || async { said() > 0 }).await;
    assert!(told().await.contains("q=702;"));
    file.write(&[("clients.unknown", "requests", &requests(703))]);
    until("the file's limits count again", || async { told().await.contains("q=703;") }).await;
    assert_eq!(said(), 1, "it is told once");
}

/// The same in a service's own words, before it serves anybody.
#[tokio::test]
async fn a_service_does_not_start_with_limits_that_it_cannot_take() {
    let system = System::new().await;
    let file = LimitsFile::new(&[("clients.pos", "in_flight_each", "200_000")]);
    let program = std::path::Path::new(&harness::variable("TORIOKI_BIN_DIR")).join("query-api");
    let mut command = tokio::process::Command::new(program);
    command.args(["serve", "--listen", "127.0.0.1:0"]).envs(harness::tokens::environment());
    command.env("MYSQL_URL", system.database.url()).envs(file.environment()).kill_on_drop(true);
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "clients.pos.in_flight_each must be at most clients.pos.in_flight";
    assert!(!output.status.success() && said.contains(expected), "{said}");
}

/// A consistency token is signed by nobody: whoever makes one up waits for what never comes, and in a place of their own.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_has_a_request_under_way() {
    let system = System::counted(STORE, SKU).await;
    let file = LimitsFile::new(&[
        ("clients.unknown", "in_flight", "20"),
        ("clients.unknown", "in_flight_each", "4"),
        ("clients.staff", "in_flight_each", "30"),
    ]);
    let service = system.query_api_with(&file.environment()).await;
    let (guest, staff) = (Api::new(service.base_url()), of_role(&service, Role::Staff, "taro"));
    let never = Envelope {
        aggregate: format!("stock#{STORE}#{SKU}"),
        version: 99,
        event_id: unique(),
        ..Default::default()
    };
    let token = Token::of(&[never]).unwrap().to_string();
    let wait = async |api: Api, prefer: &'static str| {
        api.send(Method::GET, STOCK, &[("consistency-token", &token), ("prefer", prefer)], String::new())
            .await
    };
    let (waited, ()) = tokio::join!(join_all((0..4).map(|_| wait(guest.clone(), "wait=5"))), async {
        let four = r#"torioki_throttle_in_flight{client="unknown"} 4"#;
        until("four wait", || async { metrics(&service).await.contains(four) }).await;
        let fifth = wait(guest.clone(), "wait=5").await;
        assert_eq!(code(&fifth), (429, "throttled", "in_flight"));
        let _ = staff.get(STOCK).await.expect(200);
        // More than there are places at work: who waits has given theirs to others.
        let many = join_all((0..25).map(|_| wait(staff.clone(), "wait=2")));
        let (many, seen) = tokio::join!(many, async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            staff.get(STOCK).await
        });
        let _ = seen.expect(200);
        assert!(many.iter().all(|answer| answer.outcome() == (503, "projection_behind")));
    });
    assert!(waited.iter().all(|answer| answer.outcome() == (503, "projection_behind")));
    let _ = guest.get(STOCK).await.expect(200);
}
