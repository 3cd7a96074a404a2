//! Whose tokens are taken.

use axum::http::Uri;
use axum::http::uri::Scheme;

use super::Verifier;

/// Whose tokens are taken: all three, or none. With none every token is refused, and callers are guests or holders of
/// a capability.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Options {
    /// URL of the issuer's public keys (a JWKS); https outside of development.
    #[arg(long, env = "JWKS_URL", value_parser = url, requires_all = ["jwt_issuer", "jwt_audience"])]
    pub jwks_url: Option<Uri>,
    /// What a token's `iss` has to be.
    #[arg(long, env = "JWT_ISSUER", requires = "jwks_url")]
    pub jwt_issuer: Option<String>,
    /// What a token's `aud` has to be, or hold.
    #[arg(long, env = "JWT_AUDIENCE", requires = "jwks_url")]
    pub jwt_audience: Option<String>,
}

impl Options {
    /// What checks tokens. It fetches no key before the first one.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        match (&self.jwks_url, &self.jwt_issuer, &self.jwt_audience) {
            (Some(jwks), Some(issuer), Some(audience)) => Verifier::new(jwks.clone(), issuer, audience),
            _ => Verifier::none(),
        }
    }
}

fn url(text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|error| format!("{error}"))?;
    match (url.scheme(), url.host()) {
        (Some(scheme), Some(_)) if *scheme == Scheme::HTTPS || *scheme == Scheme::HTTP => Ok(url),
        _ => Err("must be https://HOST/PATH, or http:// for an issuer on this machine".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        auth: Options,
    }

    fn parse(arguments: &[&str]) -> Result<Options, clap::Error> {
        Cli::try_parse_from([&["service"], arguments].concat()).map(|cli| cli.auth)
    }

    #[test]
    fn all_three_or_none() {
        let all = ["--jwks-url=https://id.example/jwks.json", "--jwt-issuer=i", "--jwt-audience=a"];
        assert!(parse(&all).unwrap().jwks_url.is_some());
        assert!(parse(&[]).unwrap().jwks_url.is_none());
        for left_out in 0..3 {
            let some: Vec<&str> = (0..3).filter(|n| *n != left_out).map(|n| all[n]).collect();
            assert!(parse(&some).is_err(), "{some:?}");
        }
    }

    #[test]
    fn what_is_no_url_of_keys_is_refused() {
        for wrong in ["", "id.example", "/jwks.json", "ftp://id.example/", "https://"] {
            assert!(url(wrong).is_err(), "{wrong:?}");
        }
        assert!(url("http://127.0.0.1:8082/jwks.json").is_ok());
    }
}
