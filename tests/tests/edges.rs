//! What is the same at every edge of both APIs, whatever was asked.

use std::time::Duration;

use harness::{Api, Proxy, System, unique};
use reqwest::{Client, Method, Response, redirect};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const SHOP: &str = "https://shop.example";
/// What every answer says.
const SECURE: [&str; 4] =
    ["content-security-policy", "x-content-type-options", "referrer-policy", "strict-transport-security"];
/// Words that a stack, a statement, a table or an engine would bring into an answer.
const INSIDE: [&str; 15] = [
    "panicked",
    "backtrace",
    ".rs:",
    "sqlx",
    "select ",
    "insert into",
    "reservation_lines",
    "idempotency table",
    "torioki-",
    "outbox",
    "mysql",
    "mariadb",
    "dynamo",
    "127.0.0.1",
    "connection refused",
];

/// Asks as it is written, and goes where nothing sends it.
struct Asker {
    client: Client,
    url: String,
}

impl Asker {
    fn new(url: &str) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { client, url: url.to_owned() }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Response {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_tells_browsers_to_be_careful() {
    let system = System::new().await;
    let origins = [("ALLOWED_ORIGINS", SHOP)];
    let (commands, queries) =
        tokio::join!(system.command_api_with(&origins), system.query_api_with(&origins));
    let preflight = [("origin", SHOP), ("access-control-request-method", "POST")];
    let html = [("accept", "text/html")];
    for (service, paths) in [
        (
            &commands,
            ["/v1/reservations", "/v1/stores/hinata.a", "/nothing", "/docs", "/v1/stores/x"].as_slice(),
        ),
        (&queries, &["/", "/staff", "/brands/hinata", "/nothing", "/v1/stores", "/v1/stores/x", "/holds/x"]),
    ] {
        let asker = Asker::new(service.base_url());
        let common = ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs/", "/problems/throttled"];
        for path in paths.iter().chain(&common) {
            for (method, headers) in [
                (Method::GET, [].as_slice()),
                (Method::GET, &html),
                (Method::HEAD, &[]),
                (Method::POST, &[]),
                (Method::OPTIONS, &preflight),
                (Method::TRACE, &[]),
                (Method::GET, &[("authorization", "Bearer wrong")]),
            ] {
                let answer = asker.ask(method.clone(), path, headers, Vec::new()).await;
                for name in SECURE {
                    let said = answer.headers().contains_key(name);
                    assert!(said, "{method} {path}: {} without {name}", answer.status());
                }
                let policy = answer.headers()["content-security-policy"].to_str().unwrap();
                assert!(policy.contains("frame-ancestors 'none'"), "{method} {path}: {policy}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_pages_may_read_and_they_read_what_is_left_to_them() {
    let system = System::new().await;
    let service = system.query_api_with(&[("ALLOWED_ORIGINS", SHOP)]).await;
    let asker = Asker::new(service.base_url());
    for (origin, may) in [(SHOP, true), ("https://shop.example.evil.example", false), ("null", false)] {
        let answer =
            asker.ask(Method::GET, "/v1/stores/hinata.none", &[("origin", origin)], Vec::new()).await;
        assert_eq!(answer.status().as_u16(), 404);
        assert!(answer.headers().contains_key("ratelimit"));
        let allowed = answer.headers().get("access-control-allow-origin");
        assert_eq!(allowed.is_some_and(|allowed| allowed == origin), may, "{origin}");
        if may {
            let read = answer.headers()["access-control-expose-headers"].to_str().unwrap();
            assert!(read.contains("ratelimit,") && read.contains("ratelimit-policy"), "{read}");
        }
    }
}

/// What comes in any form but the plain one is not unpacked, so it cannot be larger than it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_taken_as_it_is_or_not_at_all() {
    let system = System::new().await;
    let service = system.command_api().await;
    let api = Api::from(&service);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 10).await;
    let asker = Asker::new(service.base_url());
    let key = unique();
    let plain = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    let packed = [plain.as_slice(), &[("content-encoding", "gzip")]].concat();
    let deflated = [plain.as_slice(), &[("content-encoding", "deflate")]].concat();
    for (headers, body, expected) in [
        (packed.as_slice(), vec![0x1f, 0x8b, 8, 0], (415, "unsupported_media_type")),
        (&deflated, b"{}".to_vec(), (415, "unsupported_media_type")),
        (&plain, vec![b' '; 300 * 1024], (413, "body_too_large")),
        (&plain, [vec![b'['; 100_000], vec![b']'; 100_000]].concat(), (422, "invalid_field")),
    ] {
        let answer = asker.ask(Method::POST, "/v1/reservations", headers, body).await;
        let status = answer.status().as_u16();
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!((status, problem["code"].as_str().unwrap()), expected, "{problem}");
        let _ = api.hold(STORE, SKU, 1).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_tells_of_the_inside() {
    let system = System::new().await;
    let url = system.database.url();
    let (mysql, dynamodb) = tokio::join!(Proxy::start(&url), Proxy::start(&system.tables.endpoint));
    let through = dynamodb.url(&system.tables.endpoint);
    let mut commands = system.command_api_at(through.trim_end_matches('/')).await;
    let mut queries = system.query_api_at(&mysql.url(&system.database.url_of("app_query"))).await;
    for service in [&mut commands, &mut queries] {
        service.wait_ready(Duration::from_secs(30)).await.unwrap();
    }
    let (commands, queries) = (Api::from(&commands), Api::from(&queries));
    let odd = ["'", "%27%20OR%201=1--", "%00", "..%2F..%2Fetc", "%F0%9F%98%80", "a%0d%0aset-cookie:x=1"];
    for down in [false, true] {
        if down {
            mysql.cut();
            dynamodb.cut();
        }
        let mut answers = Vec::new();
        for text in odd {
            answers.push(queries.get(&format!("/v1/stores/{text}")).await);
            answers.push(queries.get(&format!("/v1/products?brand=hinata&q={text}")).await);
            answers.push(queries.get(&format!("/v1/reservations/{text}")).await);
            answers.push(commands.advance(text, "cancel").await);
        }
        answers.push(queries.get("/v1/stores/hinata.none").await);
        answers.push(queries.get("/v1/stores?near=1,2&limit=x").await);
        answers.push(commands.hold("hinata.none", SKU, 1).await);
        answers.push(commands.hold(STORE, SKU, 1).await);
        answers.push(commands.send(Method::POST, "/v1/reservations", &[], "{\"a\":".to_owned()).await);
        for answer in answers {
            let headers = format!("{:?}", answer.headers).to_lowercase();
            let text = format!("{} {headers}", answer.body.to_string().to_lowercase());
            assert!(answer.status < 500 || down, "{} {text}", answer.status);
            assert!(!answer.headers.contains_key("set-cookie"), "{text}");
            for word in INSIDE {
                assert!(!text.contains(word), "{word:?} is in {} {text}", answer.status);
            }
        }
    }
}
