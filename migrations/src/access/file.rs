//! `access.toml`, read and looked through.
//!
//! Owns what the file may say. Whatever it names has a plain name, so that nothing of it has to be escaped in a statement.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::names::MAX_ROLE;

/// The file, built into the binary as the migrations are: the two belong together.
const BUILT_IN: &str = include_str!("../../access.toml");
/// Longest name of a table or column, in characters (MySQL manual, Identifier Length Limits).
const MAX_IDENTIFIER: usize = 64;

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no TOML, or has not the form of this file.
    #[error("access.toml cannot be understood")]
    Form(#[from] toml::de::Error),
    /// A name that would have to be quoted, or is too long for what is made of it.
    #[error(
        "access.toml: `{0}` is not a name of a-z, 0-9 and _, of at most {MAX_IDENTIFIER} letters (a role: {MAX_ROLE})"
    )]
    Name(String),
    /// A column that is open and secret.
    #[error("access.toml: {0} is both open and secret")]
    TwoWays(String),
    /// A secret, or a role, of which it does not say why it is there.
    #[error("access.toml: {0} has no reason")]
    NoReason(String),
    /// A role is given something of a table that it does not read.
    #[error("access.toml: role {role} has something of {table}, which it does not read")]
    NotRead {
        /// The role.
        role: String,
        /// The table.
        table: String,
    },
    /// A role reads a table that is not described.
    #[error("access.toml: role {role} reads {table}, which is not in the file")]
    NoTable {
        /// The role.
        role: String,
        /// The table.
        table: String,
    },
    /// A role is given a secret column that is none.
    #[error("access.toml: role {role} is given {column}, which is not a secret column")]
    NotSecret {
        /// The role.
        role: String,
        /// Table and column.
        column: String,
    },
}

/// Tables and roles.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) roles: BTreeMap<String, Role>,
}

/// The columns of a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// Whether a rebuild makes it anew beside itself.
    #[serde(default)]
    pub(super) rebuilt: bool,
    pub(super) open: BTreeSet<String>,
    /// Each with its reason.
    #[serde(default)]
    pub(super) secret: BTreeMap<String, String>,
}

impl Table {
    pub(super) fn knows(&self, column: &str) -> bool {
        self.open.contains(column) || self.secret.contains_key(column)
    }
}

/// What the members of a role may do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    /// Who they are.
    #[serde(rename = "for")]
    pub(super) who: String,
    /// Tables whose open columns they read.
    pub(super) reads: BTreeSet<String>,
    /// Secret columns that they read as well, by table.
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, BTreeSet<String>>,
    /// Tables whose rows they change.
    #[serde(default)]
    pub(super) writes: BTreeSet<String>,
    /// Whether they make, rename and drop what is rebuilt.
    #[serde(default)]
    pub(super) rebuilds: bool,
}

impl Role {
    /// Whether they may read a column of a table that they read.
    pub(super) fn reads_column(&self, name: &str, table: &Table, column: &str) -> bool {
        table.open.contains(column) || self.secrets.get(name).is_some_and(|columns| columns.contains(column))
    }
}

impl File {
    /// The one that belongs to the migrations of this binary.
    pub(super) fn built_in() -> Result<Self, Error> {
        Self::parse(BUILT_IN)
    }

    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let file: Self = toml::from_str(text)?;
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<(), Error> {
        for (name, table) in &self.tables {
            plain(name, MAX_IDENTIFIER)?;
            for column in &table.open {
                plain(column, MAX_IDENTIFIER)?;
            }
            for (column, reason) in &table.secret {
                plain(column, MAX_IDENTIFIER)?;
                let full = format!("{name}.{column}");
                if table.open.contains(column) {
                    return Err(Error::TwoWays(full));
                }
                if reason.trim().is_empty() {
                    return Err(Error::NoReason(full));
                }
            }
        }
        self.roles.iter().try_for_each(|(name, role)| self.check_role(name, role))
    }

    fn check_role(&self, name: &str, role: &Role) -> Result<(), Error> {
        plain(name, MAX_ROLE)?;
        if role.who.trim().is_empty() {
            return Err(Error::NoReason(format!("role {name}")));
        }
        if let Some(table) = role.reads.iter().find(|table| !self.tables.contains_key(*table)) {
            return Err(Error::NoTable { role: name.to_owned(), table: table.clone() });
        }
        if let Some(table) =
            role.writes.iter().chain(role.secrets.keys()).find(|table| !role.reads.contains(*table))
        {
            return Err(Error::NotRead { role: name.to_owned(), table: table.clone() });
        }
        for (table, columns) in &role.secrets {
            let secret = self.tables.get(table).map(|table| &table.secret);
            if let Some(column) =
                columns.iter().find(|column| !secret.is_some_and(|secret| secret.contains_key(*column)))
            {
                return Err(Error::NotSecret { role: name.to_owned(), column: format!("{table}.{column}") });
            }
        }
        Ok(())
    }
}

fn plain(name: &str, longest: usize) -> Result<(), Error> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if (1..=longest).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(Error::Name(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    /// What is wrong with the built-in file, after one place of it was changed.
    fn fault(from: &str, to: &str) -> String {
        assert!(BUILT_IN.contains(from), "{from}");
        let error = File::parse(&BUILT_IN.replacen(from, to, 1)).unwrap_err();
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        format!("{error}\n{source}")
    }

    #[test]
    fn every_secret_says_why_and_every_role_for_whom() {
        let file = File::built_in().unwrap();
        let secrets: usize = file.tables.values().map(|table| table.secret.len()).sum();
        assert!(secrets >= 12 && file.roles.len() >= 5, "{secrets}");
    }

    #[test]
    fn a_fault_is_named() {
        let reason = "customer_name = \"who a customer is\"";
        for (from, to, named) in [
            (reason, "customer_name = 7", "customer_name = 7"),
            (reason, "customer_name = \" \"", "reservations.customer_name has no reason"),
            (reason, "version = \"why not\"", "reservations.version is both open and secret"),
            (reason, "Name = \"who\"", "`Name`"),
            ("rebuilds = true", "rebuild = true", "unknown field `rebuild`"),
            ("[roles.analyst]", "[roles.an_analyst_of_all]", "`an_analyst_of_all`"),
            ("for = \"query-api: what its endpoints read\"", "for = \"\"", "role app_query has no reason"),
            ("\"next_projection\",\n]", "\"next\",\n]", "reads next, which is not in the file"),
            ("history = [\"reason\"", "leases = [\"owner\"", "role app_projection is given leases."),
            ("\"capability_hash\"]", "\"status\"]", "role app_query is given reservations.status"),
            ("[roles.app_query.secrets]", "writes = [\"leases\"]", "unknown"),
            ("rebuilds = true", "writes = [\"leases\"]", "duplicate key"),
            (
                "[roles.analyst]",
                "[roles.analyst.secrets]\nquarantine = [\"record\"]\n[roles.analyst]",
                "quarantine",
            ),
        ] {
            let fault = fault(from, to);
            assert!(fault.contains(named), "{to}: {fault}");
        }
    }
}
