//! The issuer whose tokens the services under test take: one for all tests of a process.

use std::sync::LazyLock;
use std::time::Duration;

use devstack::issuer::Issuer;
use platform::auth::{Role, User, Verifier};

/// How long a token lasts: longer than any test.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// What services derive secrets from. The same in all processes of a test, as it is in production.
const SECRET_KEY: &str = "7465737420736563726574206b65792c206e6f7420666f722070726f64756374";

/// What cursors are signed with.
pub const CURSOR_KEY: &str = "637572736f72206b657920666f722074657374732c206e6f7420696e20757365";

static ISSUER: LazyLock<Issuer> = LazyLock::new(|| {
    // Gone again at once: the key is read, and what is static is never dropped.
    let dir = tempfile::tempdir().unwrap();
    Issuer::start(dir.path(), 0).unwrap()
});

/// What a service needs in its environment to know its callers.
///
/// # Panics
/// When the issuer does not start.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let secrets = [("SECRET_KEY", SECRET_KEY.to_owned()), ("CURSOR_KEY", CURSOR_KEY.to_owned())];
    let all = ISSUER.environment().into_iter().chain(secrets);
    all.map(|(name, value)| (name.to_owned(), value))
}

/// What takes the tokens, in a test's own process.
///
/// # Panics
/// When the issuer does not start.
#[must_use]
pub fn verifier() -> Verifier {
    let [(_, jwks), (_, issuer), (_, audience)] = ISSUER.environment();
    Verifier::new(jwks.parse().unwrap(), &issuer, &audience)
}

/// A token of a user with this role.
///
/// # Panics
/// When there can be no such user.
#[must_use]
pub fn token(role: Role, brand: &str, stores: &[&str], subject: &str) -> String {
    token_of(&[role], brand, stores, subject)
}

/// A token of a user with these roles.
///
/// # Panics
/// When there can be no such user.
#[must_use]
pub fn token_of(roles: &[Role], brand: &str, stores: &[&str], subject: &str) -> String {
    let stores = stores.iter().map(|store| store.parse().unwrap());
    let user = User::new(subject, brand.parse().unwrap(), roles.iter().copied(), stores).unwrap();
    ISSUER.mint(&user, LIFE).unwrap()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::HeaderMap;
    use axum::routing::get;
    use reqwest::Method;

    use super::*;
    use crate::Api;

    #[tokio::test]
    async fn a_service_started_here_takes_its_tokens() {
        let user = verifier().verify(&token(Role::Staff, "hinata", &["hinata.a"], "taro")).await.unwrap();
        assert!(user.is(Role::Staff) && user.works_in(&"hinata.a".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_request_says_who_asks_once() {
        let told = |headers: HeaderMap| async move {
            let given: Vec<_> = headers.get_all("authorization").iter().cloned().collect();
            axum::Json(given.iter().map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(told))).await });
        let guest = Api::new(&url);
        let user = guest.with_token("t".to_owned());
        for (api, expected) in [
            (&guest, vec![]),
            (&user, vec!["Bearer t"]),
            (&user.holding("c"), vec!["Capability c"]),
            (&user.as_guest(), vec![]),
        ] {
            assert_eq!(api.get("/").await.body, serde_json::json!(expected));
        }
        let brought = user.send(Method::GET, "/", &[("Authorization", "Basic x")], String::new()).await;
        assert_eq!(brought.body, serde_json::json!(["Basic x"]));
    }
}
