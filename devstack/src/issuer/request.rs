//! What a token is asked for with.

use std::time::Duration;

use contracts::problem::Code;
use contracts::{Brand, StoreId};
use platform::Problem;
use platform::auth::{Role, User, UserError};
use serde::{Deserialize, Serialize};

/// How long a token lasts unless asked otherwise: a working day of whoever pastes it into a shell.
const DEFAULT_LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// Longest that one may last: a token of the development issuer is worth nothing elsewhere.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A request for a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// What the user is to the brand: customer, staff, manager, pos or ops.
    pub role: String,
    /// The brand; that of the stores, where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<Brand>,
    /// Stores of the brand.
    #[serde(default)]
    pub stores: Vec<StoreId>,
    /// Who it is; somebody of that role, where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Seconds until the token expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// The answer to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenResponse {
    /// The token.
    pub access_token: String,
    /// How it is sent: `Bearer`.
    pub token_type: String,
    /// Seconds until it expires.
    pub expires_in: u64,
}

impl TokenRequest {
    /// The request in a form, as `curl -d role=staff -d store=ID -d store=ID` sends it.
    pub(super) fn from_form(body: &[u8]) -> Result<Self, Problem> {
        let mut request = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let wrong = |error: &dyn std::fmt::Display| invalid(&name, error.to_string());
            match name.as_ref() {
                "role" => request.role = value.into_owned(),
                "brand" => request.brand = Some(value.parse().map_err(|error| wrong(&error))?),
                "store" => request.stores.push(value.parse().map_err(|error| wrong(&error))?),
                "subject" => request.subject = Some(value.into_owned()),
                "expires_in" => request.expires_in = Some(value.parse().map_err(|error| wrong(&error))?),
                _ => return Err(wrong(&"one of role, brand, store, subject and expires_in")),
            }
        }
        Ok(request)
    }

    /// Whom the token is for, and how long.
    pub(super) fn granted(self) -> Result<(User, Duration), Problem> {
        let role: Role = self.role.parse().map_err(|error: UserError| invalid("role", error.to_string()))?;
        let brand = self.brand.or_else(|| self.stores.first().map(StoreId::brand));
        let brand = brand.ok_or_else(|| invalid("brand", "name a brand, or a store of it"))?;
        let subject = self.subject.unwrap_or_else(|| format!("{brand}-{role}"));
        let user = User::new(subject, brand, [role], self.stores).map_err(|error| {
            let field = match error {
                UserError::Subject => "subject",
                UserError::Role | UserError::UnknownRole => "role",
                UserError::TooManyStores | UserError::StoreOfOtherBrand => "stores",
            };
            invalid(field, error.to_string())
        })?;
        let life = self.expires_in.map_or(DEFAULT_LIFE, Duration::from_secs);
        if life.is_zero() || life > LONGEST_LIFE {
            return Err(invalid("expires_in", format!("1 to {} seconds", LONGEST_LIFE.as_secs())));
        }
        Ok((user, life))
    }
}

fn invalid(field: &str, detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidField, detail).at(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(form: &str) -> Option<String> {
        let granted = TokenRequest::from_form(form.as_bytes()).and_then(TokenRequest::granted);
        let problem = granted.err()?;
        Some(problem.member("field")?.as_str()?.to_owned())
    }

    #[test]
    fn a_form_says_what_json_says() {
        let form = b"role=staff&store=hinata.a&store=hinata.b&brand=hinata&subject=taro+yamada&expires_in=60";
        let json = r#"{"role":"staff","stores":["hinata.a","hinata.b"],"brand":"hinata","subject":"taro yamada",
                       "expires_in":60}"#;
        assert_eq!(TokenRequest::from_form(form).unwrap(), serde_json::from_str(json).unwrap());
    }

    #[test]
    fn the_brand_is_that_of_the_stores() {
        let (user, life) = TokenRequest::from_form(b"role=staff&store=hinata.a").unwrap().granted().unwrap();
        assert_eq!((user.brand().as_str(), user.subject()), ("hinata", "hinata-staff"));
        assert_eq!(life, DEFAULT_LIFE);
    }

    #[test]
    fn what_cannot_be_granted_is_named() {
        for (form, field) in [
            ("", "role"),
            ("role=king&brand=hinata", "role"),
            ("role=ops", "brand"),
            ("role=ops&brand=H!", "brand"),
            ("role=staff&store=nowhere", "store"),
            ("role=staff&store=hinata.a&store=kumo.a", "stores"),
            ("role=ops&brand=hinata&subject=", "subject"),
            ("role=ops&brand=hinata&expires_in=0", "expires_in"),
            ("role=ops&brand=hinata&expires_in=99999999999", "expires_in"),
            ("role=ops&brand=hinata&expires_in=soon", "expires_in"),
            ("role=ops&brand=hinata&password=x", "password"),
        ] {
            assert_eq!(refused(form).as_deref(), Some(field), "{form}");
        }
    }
}
