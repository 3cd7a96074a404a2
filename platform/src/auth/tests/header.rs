//! The `Authorization` header of a request, over HTTP.

use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Request, Response};
use axum::routing::get;
use http_body_util::BodyExt;
use tower::Service;
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::auth::{Capability, Principal, layer};

/// A route that tells who asked.
fn router(verifier: Verifier) -> Router {
    let told = async |principal: Principal| match principal {
        Principal::Guest => "guest".to_owned(),
        Principal::Holder(capability) => capability.hash(),
        Principal::User(user) => user.subject().to_owned(),
    };
    crate::server::with_conventions(Router::new().route("/", get(told)).layer(layer(verifier)))
}

async fn ask(router: &Router, headers: &[&str]) -> Response<Body> {
    let mut request = Request::get("/").body(Body::empty()).unwrap();
    for value in headers {
        request.headers_mut().append(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    router.clone().call(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn the_header_says_who_asks() {
    let signer = Signer::ec();
    let issuer = Issuer::start(vec![signer.jwk("1")]).await;
    let router = router(issuer.verifier(CALM));
    let token = signed(&signer, "1", &good());
    let capability = Capability::from_bytes([5; 32]);

    assert_eq!(text(ask(&router, &[]).await).await, "guest");
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(text(ask(&router, &[&format!("{scheme} {token}")]).await).await, "taro");
    }
    let held = text(ask(&router, &[&format!("Capability {}", capability.reveal())]).await).await;
    assert_eq!(held, capability.hash());
}

#[tokio::test]
async fn what_is_not_understood_is_no_guest() {
    let signer = Signer::ec();
    let issuer = Issuer::start(vec![signer.jwk("1")]).await;
    let router = router(issuer.verifier(CALM));
    let good_one = format!("Bearer {}", signed(&signer, "1", &good()));
    let expired = format!("Bearer {}", signed(&signer, "1", &but("exp", 1.into())));
    let basic = "Basic dXNlcjpwYXNzd29yZA==";
    for headers in [
        &[""][..],
        &["Bearer"],
        &["Bearer "],
        &["Bearer nonsense"],
        &[&expired],
        &["Capability"],
        &["Capability short"],
        &[basic],
        &["Bearer \u{e9}"],
        &[&good_one, &good_one],
        &[&good_one, basic],
    ] {
        let answer = ask(&router, headers).await;
        assert_eq!(answer.status(), 401, "{headers:?}");
        assert!(answer.headers()[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer "), "{headers:?}");
        let problem: Value = serde_json::from_str(&text(answer).await).unwrap();
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (&json!("unauthenticated"), &json!("Authorization"))
        );
    }
}

#[tokio::test]
async fn without_keys_a_user_is_asked_to_come_again_and_a_guest_is_served() {
    let signer = Signer::ec();
    let issuer = Issuer::start(vec![]).await;
    issuer.fail();
    let router = router(issuer.verifier(CALM));
    let answer = ask(&router, &[&format!("Bearer {}", signed(&signer, "1", &good()))]).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key(RETRY_AFTER));
    assert_eq!(ask(&router, &[]).await.status(), 200);
}

#[tokio::test]
async fn a_route_without_the_layer_believes_nobody() {
    let router = Router::new().route("/", get(async |_: Principal| "served"));
    let token = signed(&Signer::ec(), "1", &good());
    assert_eq!(ask(&router, &[&format!("Bearer {token}")]).await.status(), 500);
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_holds_a_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let signer = Signer::ec();
    let issuer = Issuer::start(vec![signer.jwk("1")]).await;
    let router = router(issuer.verifier(CALM));
    let tokens = [good(), but("exp", 1.into()), but("roles", "made-up-role".into())];
    let tokens = tokens.map(|claims| signed(&signer, "1", &claims));
    let capability = Capability::from_bytes([5; 32]);
    for token in &tokens {
        let _ = ask(&router, &[&format!("Bearer {token}")]).await;
        let _ = ask(&router, &[&format!("Basic {token}")]).await;
    }
    let _ = ask(&router, &[&format!("Capability {}", capability.reveal())]).await;
    let _ = ask(&router, &[&format!("Capability {}x", capability.reveal())]).await;

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("caller is not believed"), "{log}");
    for secret in tokens.iter().flat_map(|token| token.split('.')).chain([capability.reveal()]) {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    assert!(!log.contains("made-up-role"), "{log}");
}
