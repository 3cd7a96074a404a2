//! What the roles of a database and their users are called.
//!
//! Roles are a server's, and a server may have several of our databases: `torioki.app_query` is the role `app_query` of the
//! database `torioki`. No database and no user of ours has a dot in its name, so no two roles can be mistaken for each other, and
//! every account whose name begins so is a role of that database.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Longest name of an account, in characters (MySQL manual, Account User Names; MariaDB takes more).
const MAX_ACCOUNT: usize = 32;
/// Longest name of a role in the file: it shares an account's name with its database.
pub(super) const MAX_ROLE: usize = 14;
/// Longest name of a database that fits before a role's.
const MAX_PREFIX: usize = MAX_ACCOUNT - MAX_ROLE - 1;
/// Letters that stay of the name of a database that does not fit; a digest of it all is behind them.
const KEPT: usize = 8;

/// The names of one database's roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    /// What all of them begin with.
    pub(super) prefix: String,
}

impl Names {
    /// The database's name is ASCII.
    pub(super) fn of(database: &str) -> Self {
        if database.len() <= MAX_PREFIX {
            return Self { prefix: format!("{database}.") };
        }
        let digest = hex::encode(Sha256::digest(database));
        let (kept, digest) = (&database[..KEPT], &digest[..MAX_PREFIX - KEPT - 1]);
        Self { prefix: format!("{kept}-{digest}.") }
    }

    /// A role's name on the server.
    pub(super) fn role(&self, role: &str) -> String {
        format!("{}{role}", self.prefix)
    }
}

/// A user's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserName(String);

/// That is no name of a user.
#[derive(Debug, thiserror::Error)]
#[error("a user has a name of 1 to {MAX_ACCOUNT} of A-Z, a-z, 0-9, _ and -")]
pub struct NotAUserName;

impl FromStr for UserName {
    type Err = NotAUserName;

    fn from_str(name: &str) -> Result<Self, NotAUserName> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if (1..=MAX_ACCOUNT).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name.to_owned()))
        } else {
            Err(NotAUserName)
        }
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_of_every_database_has_a_name_of_its_own_that_fits() {
        let role = "r".repeat(MAX_ROLE);
        let databases =
            ["torioki", "torioki_staging", &"d".repeat(MAX_PREFIX), &"d".repeat(64), &"d".repeat(63)];
        let mut names: Vec<String> = databases.map(|database| Names::of(database).role(&role)).to_vec();
        assert_eq!(names[0], format!("torioki.{role}"));
        assert!(names.iter().all(|name| name.len() <= MAX_ACCOUNT), "{names:?}");
        assert!(!names[1].starts_with(&Names::of("torioki").prefix));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), databases.len());
    }

    #[test]
    fn a_user_is_never_taken_for_a_role() {
        for wrong in ["", "torioki.app_query", "a'b", "a b", "名", &"u".repeat(MAX_ACCOUNT + 1)] {
            assert!(wrong.parse::<UserName>().is_err(), "{wrong}");
        }
        assert_eq!("anna-2_B".parse::<UserName>().unwrap().to_string(), "anna-2_B");
    }
}
