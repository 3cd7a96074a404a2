//! Why a caller is not believed.

use contracts::problem::Code;
use jsonwebtoken::errors::ErrorKind;

use super::{CapabilityError, UserError};
use crate::Problem;

/// What a refused token is answered with in `WWW-Authenticate` (RFC 6750, section 3.1).
const INVALID_TOKEN: &str = r#"Bearer realm="torioki", error="invalid_token""#;

/// Why a caller is not believed. None of it repeats the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The header is there twice, or is neither of the two forms.
    #[error("send one Authorization header, of the form `Bearer TOKEN` or `Capability SECRET`")]
    Header,
    /// The capability cannot be one.
    #[error(transparent)]
    Capability(#[from] CapabilityError),
    /// No issuer is configured.
    #[error("this service takes no tokens")]
    Unconfigured,
    /// Longer than any token of an issuer.
    #[error("it is too long")]
    TooLong,
    /// Not a JWT that can be understood.
    #[error("it is no JWT that this service understands")]
    Malformed,
    /// Another algorithm than its key's, or one that is not taken.
    #[error("it must be signed with RS256, ES256 or EdDSA, whichever its key is for")]
    Algorithm,
    /// No `kid` that the issuer publishes.
    #[error("it is signed with a key that its issuer does not publish")]
    UnknownKey,
    /// Not signed with the key that it names.
    #[error("its signature is wrong")]
    Signature,
    /// `exp` is over.
    #[error("it has expired")]
    Expired,
    /// `nbf` is still to come.
    #[error("it is not valid yet")]
    NotYetValid,
    /// Another issuer's.
    #[error("it is of another issuer")]
    Issuer,
    /// For somebody else.
    #[error("it is for another audience")]
    Audience,
    /// A claim is missing or has a wrong form.
    #[error("its claims cannot be taken: {0}")]
    Claims(String),
    /// The claims contradict each other, or say nothing that is known.
    #[error("its claims cannot be taken: {0}")]
    User(#[from] UserError),
    /// The issuer's keys cannot be had, and the one needed is not at hand.
    #[error("the issuer's keys cannot be had right now")]
    Unavailable,
}

impl Error {
    /// Whether the same token may be taken later.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unavailable => true,
            Self::Header
            | Self::Capability(_)
            | Self::Unconfigured
            | Self::TooLong
            | Self::Malformed
            | Self::Algorithm
            | Self::UnknownKey
            | Self::Signature
            | Self::Expired
            | Self::NotYetValid
            | Self::Issuer
            | Self::Audience
            | Self::Claims(_)
            | Self::User(_) => false,
        }
    }
}

/// Of decoding with a key that is known: the header was understood before.
impl From<jsonwebtoken::errors::Error> for Error {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        match error.into_kind() {
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::ExpiredSignature => Self::Expired,
            ErrorKind::ImmatureSignature => Self::NotYetValid,
            ErrorKind::InvalidIssuer => Self::Issuer,
            ErrorKind::InvalidAudience => Self::Audience,
            ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => Self::Algorithm,
            ErrorKind::MissingRequiredClaim(name) => Self::Claims(format!("`{name}` is missing")),
            ErrorKind::InvalidClaimFormat(name) => Self::Claims(format!("`{name}` has a wrong form")),
            ErrorKind::Json(error) => Self::Claims(without_position(&error.to_string())),
            _ => Self::Malformed,
        }
    }
}

/// Where in the token it is helps nobody.
fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(head, _)| head).to_owned()
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if error.retryable() {
            return Self::unavailable();
        }
        let detail = match error {
            Error::Header | Error::Capability(_) => error.to_string(),
            _ => format!("The token is refused: {error}."),
        };
        Self::new(Code::Unauthenticated, detail).at("Authorization").challenged(INVALID_TOKEN)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn a_refusal_says_how_to_do_better() {
        let answer = Problem::from(Error::Expired).into_response();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()[WWW_AUTHENTICATE], INVALID_TOKEN);
    }

    #[test]
    fn what_passes_says_when_to_come_again() {
        let answer = Problem::from(Error::Unavailable).into_response();
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key(RETRY_AFTER));
        assert!(!answer.headers().contains_key(WWW_AUTHENTICATE));
    }
}
