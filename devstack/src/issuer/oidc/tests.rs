//! The way of a visitor, as a browser and a page go it.

use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, ORIGIN};
use reqwest::{Client, Response, Url, redirect};
use serde_json::Value;

use super::*;
use crate::issuer::Issuer;

const PAGE: &str = "http://127.0.0.1:8081";
const BACK: &str = "http://127.0.0.1:8081/staff/signed-in";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Visit {
    issuer: Issuer,
    browser: Client,
    _dir: tempfile::TempDir,
}

impl Visit {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let issuer = Issuer::start(dir.path(), 0).unwrap();
        let stores = ["hinata.ginza-01".parse().unwrap(), "hinata.shibuya-01".parse().unwrap()];
        let personas = Persona::of_stores(&stores).unwrap();
        issuer.offer(SignIn { pages: vec![PAGE.to_owned()], personas });
        let browser = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { issuer, browser, _dir: dir }
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        Url::parse_with_params(&format!("{}{path}", self.issuer.url()), query).unwrap()
    }

    fn authorize(&self, redirect_uri: &str) -> Url {
        let query = [
            ("client_id", CLIENT_ID),
            ("redirect_uri", redirect_uri),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "a b&c"),
            ("nonce", "n-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        self.url(AUTHORIZE_PATH, &query)
    }

    async fn get(&self, url: Url) -> Response {
        self.browser.get(url).send().await.unwrap()
    }

    async fn post(&self, url: Url, form: &[(&str, &str)]) -> Response {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.browser.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.header(ORIGIN, PAGE).body(body).send().await.unwrap()
    }

    /// Chooses a persona, and comes back to the page with what stands in the address.
    async fn choose(&self, persona: &str) -> Vec<(String, String)> {
        let choice = self.post(self.authorize(BACK), &[("persona", persona)]).await;
        let back = Url::parse(&location(&choice)).unwrap();
        assert!(back.as_str().starts_with(&format!("{BACK}?")), "{back}");
        back.query_pairs().into_owned().collect()
    }

    async fn code(&self) -> String {
        let back = self.choose("0").await;
        back.into_iter().find(|(name, _)| name == "code").unwrap().1
    }

    async fn exchange(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let answer = self.post(self.url(TOKEN_PATH, &[]), form).await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

fn form<'a>(code: &'a str, redirect_uri: &'a str, verifier: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ]
}

fn location(answer: &Response) -> String {
    answer.headers()[LOCATION].to_str().unwrap().to_owned()
}

/// What a token says, without its signature being looked at.
fn claims(token: &str) -> Value {
    use base64::Engine;
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[tokio::test]
async fn a_visitor_comes_back_as_whom_they_chose() {
    let visit = Visit::new();
    let page = visit.get(visit.authorize(BACK)).await;
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains(&format!("form-action 'self' {PAGE};")), "{policy}");
    let text = page.text().await.unwrap();
    assert!(text.contains("staff of hinata.ginza-01") && !text.contains("<script"), "{text}");

    let back = visit.choose("0").await;
    let value = |name: &str| back.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!((value("state"), value("iss")), (Some("a b&c"), Some(visit.issuer.url())));
    let (status, tokens) = visit.exchange(&form(value("code").unwrap(), BACK, VERIFIER)).await;
    assert_eq!((status, &tokens["token_type"]), (200, &json!("Bearer")), "{tokens}");
    let access = claims(tokens["access_token"].as_str().unwrap());
    assert_eq!((&access["sub"], &access["roles"]), (&json!("sato@hinata"), &json!(["staff"])));
    assert_eq!(access["stores"], json!(["hinata.ginza-01"]));
    let id = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!((&id["aud"], &id["nonce"], &id["name"]), (&json!(CLIENT_ID), &json!("n-1"), &json!("Sato")));
    assert_eq!(tokens["expires_in"], access["exp"].as_u64().unwrap() - access["iat"].as_u64().unwrap());
}

#[tokio::test]
async fn a_code_is_worth_nothing_to_anybody_else_nor_twice() {
    let visit = Visit::new();
    let refused = |answer: (u16, Value)| assert_eq!(answer, (400, json!({"error": "invalid_grant"})));
    let wrong = "a".repeat(43);
    refused(visit.exchange(&form(&visit.code().await, BACK, &wrong)).await);
    refused(visit.exchange(&form(&visit.code().await, "http://127.0.0.1:8081/staff", VERIFIER)).await);
    refused(visit.exchange(&form("made-up", BACK, VERIFIER)).await);
    let code = visit.code().await;
    assert_eq!(visit.exchange(&form(&code, BACK, VERIFIER)).await.0, 200);
    refused(visit.exchange(&form(&code, BACK, VERIFIER)).await);

    let code = visit.code().await;
    let mut other = form(&code, BACK, VERIFIER);
    other[1].1 = "other";
    assert_eq!(visit.exchange(&other).await, (401, json!({"error": "invalid_client"})));
    other[0].1 = "password";
    assert_eq!(visit.exchange(&other).await, (400, json!({"error": "unsupported_grant_type"})));
}

#[tokio::test]
async fn nobody_is_sent_to_a_foreign_address() {
    let visit = Visit::new();
    for foreign in
        ["http://evil.example/staff/signed-in", "http://127.0.0.1:8081.evil.example/staff/signed-in"]
    {
        let url = visit.authorize(foreign);
        let choice = visit.post(url.clone(), &[("persona", "0")]).await;
        for answer in [visit.get(url).await, choice] {
            assert_eq!((answer.status().as_u16(), answer.headers().get(LOCATION)), (400, None), "{foreign}");
        }
    }
    let out = |uri| visit.url(END_SESSION_PATH, &[("post_logout_redirect_uri", uri)]);
    assert_eq!(location(&visit.get(out("http://127.0.0.1:8081/staff")).await), "http://127.0.0.1:8081/staff");
    let foreign = visit.get(out("http://evil.example/staff")).await;
    assert_eq!((foreign.status().as_u16(), foreign.headers().get(LOCATION)), (200, None));
}

#[tokio::test]
async fn a_page_finds_its_way_by_discovery_and_foreign_pages_read_nothing() {
    let visit = Visit::new();
    let url = visit.url("/.well-known/openid-configuration", &[]);
    for (origin, read) in [(PAGE, true), ("http://evil.example", false)] {
        let answer = visit.browser.get(url.clone()).header(ORIGIN, origin).send().await.unwrap();
        assert_eq!(answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), read, "{origin}");
        let found: Value = answer.json().await.unwrap();
        assert_eq!(found["authorization_endpoint"], format!("{}{AUTHORIZE_PATH}", visit.issuer.url()));
        assert_eq!(found["code_challenge_methods_supported"], json!(["S256"]));
    }
}
