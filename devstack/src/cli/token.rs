//! `cargo dev token`: a token to send to the APIs.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use contracts::{Brand, StoreId};
use platform::auth::Role;
use reqwest::Client;

use crate::console::tell;
use crate::issuer::{TokenRequest, ask};

/// How long the issuer may take: it is on this machine, or next to it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whom tokens are asked of.
#[derive(Args)]
pub(super) struct Issuer {
    /// Base URL of the issuer of tokens.
    #[arg(long, env = "ISSUER_URL", value_name = "URL", default_value = "http://127.0.0.1:8082")]
    pub issuer_url: String,
}

#[derive(Args)]
pub(super) struct Token {
    /// What its user is to the brand: customer, staff, manager, pos or ops.
    #[arg(long)]
    role: Role,
    /// A store that its user works in; give it again for another.
    #[arg(long, value_name = "ID")]
    store: Vec<StoreId>,
    /// The brand that its user acts for; that of the stores, where there are any.
    #[arg(long)]
    brand: Option<Brand>,
    /// Who its user is.
    #[arg(long)]
    subject: Option<String>,
    /// Seconds until it expires.
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u64>,
    /// Base URL of the issuer of tokens.
    #[arg(long, env = "ISSUER_URL", value_name = "URL", default_value = "http://127.0.0.1:8082")]
    issuer: String,
}

impl Token {
    pub(super) async fn run(self) -> Result<bool> {
        let request = TokenRequest {
            role: self.role.to_string(),
            brand: self.brand,
            stores: self.store,
            subject: self.subject,
            expires_in: self.expires_in,
        };
        let http = Client::builder().timeout(TIMEOUT).build()?;
        tell(ask(&http, &self.issuer, &request).await?.access_token);
        Ok(true)
    }
}
