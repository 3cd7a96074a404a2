//! The development issuer: mints tokens for whoever asks, over real HTTP, with a key of this machine.
//!
//! Owns the key, the tokens and their endpoint, and signs visitors of our pages in ([`oidc`]). It believes everybody, so it must never be part of what is deployed,
//! and listens on loopback unless told otherwise. A service takes its tokens only where it is configured with its URL.

mod client;
mod http;
mod key;
mod oidc;
mod persona;
mod request;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use platform::auth::User;
use serde_json::json;
use tokio::sync::oneshot;

use crate::console::say;
use key::Key;
use oidc::Provider;

pub use client::ask;
pub use oidc::{CLIENT_ID, SignIn};
pub use persona::Persona;
pub use request::{TokenRequest, TokenResponse};

/// What its tokens are for: the `aud` that services are to expect.
pub const AUDIENCE: &str = "torioki";
/// Where its public key is.
const JWKS_PATH: &str = "/jwks.json";
/// Where tokens are asked for.
const TOKEN_PATH: &str = "/token";
/// How long a stopping issuer lets requests finish. They take microseconds.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// A running issuer. Dropping it stops it.
#[derive(Debug)]
pub struct Issuer {
    address: SocketAddr,
    minter: Arc<Minter>,
    provider: Arc<Provider>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What makes tokens.
pub(crate) struct Minter {
    key: Key,
    url: String,
}

impl Issuer {
    /// Starts the issuer whose key is in this directory on a loopback port; 0 takes a free one.
    ///
    /// # Errors
    /// When the key or the port cannot be had.
    pub fn start(dir: &Path, port: u16) -> Result<Self> {
        Self::listen(dir, (Ipv4Addr::LOCALHOST, port).into(), None)
    }

    /// Starts it on any address. `url` is what it calls itself, and where services find it, if that is not the address.
    ///
    /// # Errors
    /// When the key or the address cannot be had.
    pub fn listen(dir: &Path, address: SocketAddr, url: Option<&str>) -> Result<Self> {
        let key = Key::kept_in(dir).context("the issuer's key")?;
        let listener =
            TcpListener::bind(address).with_context(|| format!("the issuer cannot listen on {address}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let url = url.map_or_else(|| format!("http://{address}"), |url| url.trim_end_matches('/').to_owned());
        let minter = Arc::new(Minter { key, url });
        // Beside the caller's runtime: in tests that ends before the process does.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let provider = Arc::new(Provider::new(Arc::clone(&minter)));
        let serving = Arc::clone(&provider);
        let thread = std::thread::Builder::new().name("issuer".to_owned()).spawn(move || {
            runtime.block_on(serve(listener, serving, stopped));
            runtime.shutdown_timeout(DRAIN_TIMEOUT);
        })?;
        Ok(Self { address, minter, provider, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it calls itself: the `iss` of its tokens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.minter.url
    }

    /// The variables by which a service takes its tokens.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 3] {
        let url = self.url();
        [
            ("JWKS_URL", format!("{url}{JWKS_PATH}")),
            ("JWT_ISSUER", url.to_owned()),
            ("JWT_AUDIENCE", AUDIENCE.to_owned()),
        ]
    }

    /// Signs visitors of these pages in from now on, as these personas; before, it signs in nobody.
    pub fn offer(&self, sign_in: SignIn) {
        self.provider.offer(sign_in);
    }

    /// A token for this user.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn mint(&self, user: &User, life: Duration) -> Result<String> {
        self.minter.mint(user, life)
    }

    /// # Errors
    /// When it serves no more.
    pub fn check(&self) -> Result<()> {
        match &self.thread {
            Some(thread) if !thread.is_finished() => Ok(()),
            _ => Err(anyhow!("the issuer has stopped serving")),
        }
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Minter {
    fn mint(&self, user: &User, life: Duration) -> Result<String> {
        let now = now()?;
        let roles: Vec<&str> = user.roles().map(platform::auth::Role::as_str).collect();
        let stores: Vec<&str> = user.stores().map(contracts::StoreId::as_str).collect();
        self.key.sign(&json!({
            "iss": self.url,
            "aud": AUDIENCE,
            "iat": now.as_secs(),
            "exp": (now + life).as_secs(),
            "sub": user.subject(),
            "brand": user.brand(),
            "roles": roles,
            "stores": stores,
        }))
    }

    /// What tells a client who has signed in (OpenID Connect Core 1.0, section 2). It opens nothing.
    fn id_token(
        &self,
        persona: &Persona,
        client_id: &str,
        nonce: Option<&str>,
        life: Duration,
    ) -> Result<String> {
        let now = now()?;
        let mut claims = json!({
            "iss": self.url,
            "aud": client_id,
            "iat": now.as_secs(),
            "exp": (now + life).as_secs(),
            "sub": persona.user.subject(),
            "name": persona.name,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        self.key.sign(&claims)
    }
}

fn now() -> Result<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")
}

impl std::fmt::Debug for Minter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Minter").field("url", &self.url).finish_non_exhaustive()
    }
}

async fn serve(listener: TcpListener, provider: Arc<Provider>, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return say(format_args!("the issuer cannot listen: {error}")),
    };
    // Nothing is lost with a request that is cut off: whoever asks for a token can ask again.
    tokio::select! {
        served = async { axum::serve(listener, http::router(provider)).await } => {
            if let Err(error) = served {
                say(format_args!("the issuer: {error}"));
            }
        }
        // The sender is only ever dropped.
        _ = stopped => {}
    }
}
