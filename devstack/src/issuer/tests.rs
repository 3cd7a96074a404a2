//! The issuer as services and people meet it: over HTTP, and by its tokens.

use platform::auth::{Error, Role, Verifier};
use reqwest::{Client, Response};
use serde_json::Value;

use super::*;

/// What a service that is configured with this issuer checks tokens with.
fn verifier(issuer: &Issuer) -> Verifier {
    let [(_, jwks), (_, issuer), (_, audience)] = issuer.environment();
    Verifier::new(jwks.parse().unwrap(), &issuer, &audience)
}

fn user() -> User {
    let store = "hinata.ginza-01".parse().unwrap();
    User::new("taro", "hinata".parse().unwrap(), [Role::Staff, Role::Pos], [store]).unwrap()
}

async fn post(issuer: &Issuer, content_type: &str, body: &str) -> Response {
    let request = Client::new().post(format!("{}/token", issuer.url())).header("content-type", content_type);
    request.body(body.to_owned()).send().await.unwrap()
}

#[tokio::test]
async fn a_service_takes_its_tokens_and_another_issuer_s_service_does_not() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (issuer, other) =
        (Issuer::start(dir.path(), 0).unwrap(), Issuer::start(elsewhere.path(), 0).unwrap());
    let token = issuer.mint(&user(), Duration::from_secs(60)).unwrap();
    assert_eq!(verifier(&issuer).verify(&token).await, Ok(user()));
    assert_eq!(verifier(&other).verify(&token).await, Err(Error::UnknownKey));
    issuer.check().unwrap();
}

#[tokio::test]
async fn tokens_are_asked_for_by_form_and_by_json() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = Issuer::start(dir.path(), 0).unwrap();
    let form = "role=staff&store=hinata.ginza-01&subject=taro&expires_in=60";
    let json = r#"{"role":"staff","stores":["hinata.ginza-01"],"subject":"taro","expires_in":60}"#;
    for (content_type, body) in [("application/x-www-form-urlencoded", form), ("application/json", json)] {
        let answer: TokenResponse = post(&issuer, content_type, body).await.json().await.unwrap();
        assert_eq!((answer.token_type.as_str(), answer.expires_in), ("Bearer", 60));
        let user = verifier(&issuer).verify(&answer.access_token).await.unwrap();
        assert!(user.is(Role::Staff) && user.works_in(&"hinata.ginza-01".parse().unwrap()));
    }
    let refused = post(&issuer, "application/json", r#"{"role":"king","brand":"hinata"}"#).await;
    assert_eq!(refused.status(), 422);
    assert_eq!(post(&issuer, "text/plain", form).await.status(), 415);
}

#[tokio::test]
async fn it_is_found_by_discovery_and_goes_on_with_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let get = async |issuer: &Issuer, path: &str| -> Value {
        Client::new()
            .get(format!("http://{}{path}", issuer.address()))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    let issuer = Issuer::listen(dir.path(), address, Some("http://issuer:8082/")).unwrap();
    let found = get(&issuer, "/.well-known/openid-configuration").await;
    assert_eq!(found["issuer"], "http://issuer:8082");
    assert_eq!(found["jwks_uri"], "http://issuer:8082/jwks.json");
    let keys = get(&issuer, JWKS_PATH).await;
    assert!(keys["keys"][0].get("d").is_none(), "{keys}");
    assert_eq!(get(&issuer, "/readyz").await["status"], "ready");
    drop(issuer);
    let again = Issuer::start(dir.path(), 0).unwrap();
    assert_eq!(get(&again, JWKS_PATH).await, keys);
}

#[tokio::test]
async fn whoever_asks_is_told_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = Issuer::start(dir.path(), 0).unwrap();
    let http = Client::new();
    let request = TokenRequest { role: "ops".to_owned(), ..TokenRequest::default() };
    let error = ask(&http, issuer.url(), &request).await.unwrap_err().to_string();
    assert!(error.contains("refuses brand"), "{error}");
    let granted = TokenRequest { brand: Some("hinata".parse().unwrap()), ..request.clone() };
    let token = ask(&http, &format!("{}/", issuer.url()), &granted).await.unwrap().access_token;
    assert!(verifier(&issuer).verify(&token).await.unwrap().is(Role::Ops));
    let url = issuer.url().to_owned();
    drop(issuer);
    let error = ask(&http, &url, &granted).await.unwrap_err().to_string();
    assert!(error.contains("no issuer answers") && error.contains("cargo dev up"), "{error}");
}
