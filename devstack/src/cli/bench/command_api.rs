//! A command API to be measured, and who asks it.

use std::path::Path;

use anyhow::Result;
use platform::auth::{Role, User};

use super::start;
use crate::bench::{Api, BRAND, TOKEN_LIFE};
use crate::issuer::Issuer;
use crate::secret;
use crate::service::Service;

/// A running command API. Dropping it kills it.
pub(super) struct CommandApi {
    pub(super) service: Service,
    pub(super) api: Api,
    /// Whose tokens it takes.
    _issuer: Issuer,
}

impl CommandApi {
    /// On tables that are there, with these arguments.
    pub(super) async fn start(state_dir: &Path, endpoint: &str, how: &[&str]) -> Result<Self> {
        let issuer = Issuer::start(&state_dir.join("issuer"), 0)?;
        let user = User::new("bench", BRAND.parse()?, [Role::Manager], [])?;
        let caller = format!("Bearer {}", issuer.mint(&user, TOKEN_LIFE)?);
        let secret_key = ("SECRET_KEY", secret::key(state_dir, secret::SERVICES)?);
        let endpoint = ("DYNAMODB_ENDPOINT", endpoint.to_owned());
        let environment = issuer.environment().into_iter().chain([endpoint, secret_key]);
        let service = start(state_dir, ("command-api", "command-api"), "serve", how, environment).await?;
        let (command_url, pid) = (service.base_url().to_owned(), service.pid());
        let api = Api { command_url, caller, pid };
        Ok(Self { service, api, _issuer: issuer })
    }
}
