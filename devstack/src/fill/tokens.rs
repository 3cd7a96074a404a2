//! Tokens for what is sent, a manager's of each brand.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use contracts::Brand;
use platform::auth::Role;
use reqwest::Client;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::issuer::{TokenRequest, ask};

/// Who is named as having sent it.
const SUBJECT: &str = "devstack-fill";

/// Tokens, kept until half of their time is over: no try of a command lasts as long as the other half.
#[derive(Debug)]
pub(super) struct Tokens {
    http: Client,
    issuer_url: String,
    held: Mutex<HashMap<Brand, Held>>,
}

#[derive(Debug)]
struct Held {
    token: String,
    renew_at: Instant,
}

impl Tokens {
    /// Those of this issuer.
    pub(super) fn new(http: Client, issuer_url: &str) -> Self {
        Self { http, issuer_url: issuer_url.to_owned(), held: Mutex::default() }
    }

    /// A token of a manager of this brand.
    pub(super) async fn manager(&self, brand: &Brand) -> Result<String> {
        // Held while the issuer is asked, so that sixteen commands at once ask it once.
        let mut held = self.held.lock().await;
        if let Some(Held { token, renew_at }) = held.get(brand)
            && Instant::now() < *renew_at
        {
            return Ok(token.clone());
        }
        let request = TokenRequest {
            role: Role::Manager.to_string(),
            brand: Some(brand.clone()),
            subject: Some(SUBJECT.to_owned()),
            ..TokenRequest::default()
        };
        let minted = ask(&self.http, &self.issuer_url, &request).await?;
        let renew_at = Instant::now() + Duration::from_secs(minted.expires_in) / 2;
        held.insert(brand.clone(), Held { token: minted.access_token.clone(), renew_at });
        Ok(minted.access_token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuer::Issuer;

    #[tokio::test]
    async fn a_token_serves_its_brand_until_half_of_its_time_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let issuer = Issuer::start(dir.path(), 0).unwrap();
        let tokens = Tokens::new(Client::new(), issuer.url());
        let (hinata, kumo): (Brand, Brand) = ("hinata".parse().unwrap(), "kumo".parse().unwrap());
        let first = tokens.manager(&hinata).await.unwrap();
        // The signature holds a random number: another token is another text.
        assert_eq!(tokens.manager(&hinata).await.unwrap(), first);
        assert_ne!(tokens.manager(&kumo).await.unwrap(), first);
        tokens.held.lock().await.get_mut(&hinata).unwrap().renew_at = Instant::now();
        assert_ne!(tokens.manager(&hinata).await.unwrap(), first);
    }
}
