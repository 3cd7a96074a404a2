//! What browsers are told to talk to.

use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Scheme;

/// Where the pages' scripts send what they do.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PageOptions {
    /// URL of the command API as browsers reach it; left out where it has the pages' own origin
    #[arg(long, env = "COMMAND_URL")]
    pub command_url: Option<Endpoint>,
    /// URL of the issuer that staff sign in with; without it nobody can sign in
    #[arg(long, env = "OIDC_ISSUER", requires = "oidc_client_id")]
    pub oidc_issuer: Option<Endpoint>,
    /// What the issuer knows the pages as
    #[arg(long, env = "OIDC_CLIENT_ID", requires = "oidc_issuer")]
    pub oidc_client_id: Option<String>,
}

/// The URL of a service that scripts may talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    origin: String,
}

impl Endpoint {
    /// The URL, without a slash at the end.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }
}

/// Why a text is no URL of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be https://HOST or https://HOST/PATH, or http:// in development")]
pub struct EndpointError;

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let url: Uri = text.parse().map_err(|_| EndpointError)?;
        let parts = url.scheme().zip(url.authority());
        let parts = parts.filter(|(scheme, _)| **scheme == Scheme::HTTPS || **scheme == Scheme::HTTP);
        let (scheme, authority) = parts.ok_or(EndpointError)?;
        // What ends a source in a policy is no part of a host.
        if url.query().is_some() || authority.as_str().contains(['@', ';', ',', '\'']) {
            return Err(EndpointError);
        }
        let origin = format!("{scheme}://{authority}");
        Ok(Self { url: format!("{origin}{}", url.path().trim_end_matches('/')), origin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Result<Endpoint, EndpointError> {
        text.parse()
    }

    #[test]
    fn an_endpoint_is_a_url_that_a_policy_can_name() {
        let id = endpoint("https://id.example:8443/realms/torioki/").unwrap();
        assert_eq!(
            (id.url(), id.origin()),
            ("https://id.example:8443/realms/torioki", "https://id.example:8443")
        );
        assert_eq!(endpoint("http://127.0.0.1:8080").unwrap().url(), "http://127.0.0.1:8080");
        for wrong in [
            "",
            "/",
            "id.example",
            "ftp://x",
            "https://",
            "https://a b",
            "https://u@h",
            "https://h;x",
            "https://h?x=1",
        ] {
            assert!(endpoint(wrong).is_err(), "{wrong:?}");
        }
    }
}
