//! The issuer whose tokens the services under test take: one for all tests of a process.

use std::sync::LazyLock;
use std::time::Duration;

use devstack::issuer::Issuer;
use platform::auth::{Role, User};

/// How long a token lasts: longer than any test.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// What services derive secrets from. The same in all processes of a test, as it is in production.
const SECRET_KEY: &str = "7465737420736563726574206b65792c206e6f7420666f722070726f64756374";

static ISSUER: LazyLock<Issuer> = LazyLock::new(|| {
    // Gone again at once: the key is read, and what is static is never dropped.
    let dir = tempfile::tempdir().unwrap();
    Issuer::start(dir.path(), 0).unwrap()
});

/// What a service needs in its environment to know its callers.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    let secret = ("SECRET_KEY", SECRET_KEY.to_owned());
    let all = ISSUER.environment().into_iter().chain([secret]);
    all.map(|(name, value)| (name.to_owned(), value))
}

/// A token of a user with this role.
pub(crate) fn token(role: Role, brand: &str, stores: &[&str], subject: &str) -> String {
    let stores = stores.iter().map(|store| store.parse().unwrap());
    let user = User::new(subject, brand.parse().unwrap(), [role], stores).unwrap();
    ISSUER.mint(&user, LIFE).unwrap()
}
