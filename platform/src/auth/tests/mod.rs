//! Tokens against a real issuer's endpoint: every algorithm, every way to cheat, and an issuer that comes and goes.

mod forge;
mod issuer;

mod claims;
mod confusion;
mod header;
mod outage;
mod rotation;

use std::time::Duration;

use serde_json::{Value, json};

use super::keys::Pace;
use super::{Error, Role, User, Verifier};
use forge::{Signer, now, token};
use issuer::Issuer;

/// What the verifier under test was told.
const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "torioki";

/// A pace at which nothing comes due by itself while a test runs.
const CALM: Pace = Pace {
    fresh: Duration::from_secs(3600),
    usable: Duration::from_secs(3600),
    refetch: Duration::from_secs(3600),
    retry: Duration::ZERO,
};

impl Issuer {
    fn verifier(&self, pace: Pace) -> Verifier {
        Verifier::paced(self.url(), ISSUER, AUDIENCE, pace)
    }
}

/// Claims with which a token is taken.
fn good() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "exp": now() + 600,
        "sub": "taro", "brand": "hinata", "roles": ["staff"], "stores": ["hinata.ginza-01"],
    })
}

/// [`good`] claims, one of them changed; `null` leaves it out.
fn but(claim: &str, value: Value) -> Value {
    let mut claims = good();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
        value => claims[claim] = value,
    }
    claims
}

/// A token with these claims, as the issuer would sign it.
fn signed(signer: &Signer, kid: &str, claims: &Value) -> String {
    token(signer, &json!({"alg": signer.algorithm(), "kid": kid, "typ": "JWT"}), claims)
}

#[tokio::test]
async fn each_algorithm_is_taken() {
    let signers = [Signer::rsa(), Signer::ec(), Signer::ed()];
    let keys = signers.iter().map(|signer| signer.jwk(signer.algorithm())).collect();
    let issuer = Issuer::start(keys).await;
    let verifier = issuer.verifier(CALM);
    for signer in &signers {
        let user = verifier.verify(&signed(signer, signer.algorithm(), &good())).await.unwrap();
        let store = "hinata.ginza-01".parse().unwrap();
        let expected = User::new("taro", "hinata".parse().unwrap(), [Role::Staff], [store]).unwrap();
        assert_eq!(user, expected);
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn without_an_issuer_no_token_is_taken() {
    let refused = Verifier::none().verify(&signed(&Signer::ec(), "1", &good())).await;
    assert_eq!(refused, Err(Error::Unconfigured));
}

/// Waits until it is so.
async fn until<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while !check().await {
        assert!(std::time::Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
