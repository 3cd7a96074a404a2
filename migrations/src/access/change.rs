//! What has to be done for a server to have what the file asks for. Pure.

use std::collections::BTreeSet;
use std::fmt;

use super::file::File;
use super::grant::{Account, Grant, On, grant, identifier, revoke};
use super::state::{Actual, Membership, Schema, State};
use super::wanted::{OPEN, unclassified, wanted};

/// Which way something is to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is missing, or not as it should be.
    Add,
    /// It is too much.
    Remove,
    /// It is too much, and somebody's who is no role of ours: they may be at work with it.
    RemoveDirect,
    /// A role is in another one. Where servers list what it inherits as its own, the rest shows only without that.
    Detach,
    /// Somebody has to look at it.
    Tell,
}

/// One difference between the file and the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which way.
    pub kind: Kind,
    /// What ends it; none where a person has to decide.
    pub statement: Option<String>,
    /// What it is about.
    pub why: String,
}

impl Change {
    fn new(kind: Kind, statement: String, why: impl Into<String>) -> Self {
        Self { kind, statement: Some(statement), why: why.into() }
    }

    fn tell(why: String) -> Self {
        Self { kind: Kind::Tell, statement: None, why }
    }
}

/// As a line of a diff.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.kind {
            Kind::Add => '+',
            Kind::Remove | Kind::RemoveDirect | Kind::Detach => '-',
            Kind::Tell => '!',
        };
        match &self.statement {
            Some(statement) => write!(f, "{sign} {statement};  -- {}", self.why),
            None => write!(f, "{sign} {}", self.why),
        }
    }
}

/// Everything in which the server differs from the file, in the order in which it is to be done: nobody loses for a moment what
/// stays theirs, but for what a role reads of a table of which it may read less than all from now on.
pub(super) fn changes(file: &File, schema: &Schema, actual: &Actual) -> Vec<Change> {
    let wanted = wanted(file, schema);
    let (ours, others): (BTreeSet<Grant>, BTreeSet<Grant>) = actual
        .state
        .grants
        .iter()
        .filter(|grant| grant.account != actual.ourselves && !inherits_elsewhere(actual, &grant.account))
        .cloned()
        .partition(|grant| grant.account.name.starts_with(&schema.names.prefix));
    let mut changes = roles(file, schema, &wanted, actual);
    changes.extend(views(schema, &wanted, &actual.state));
    changes.extend(rights(&wanted, &ours, actual));
    changes.extend(memberships(schema, &wanted, actual));
    changes.extend(leftovers(&wanted, &actual.state));
    changes.extend(direct(schema, &others));
    changes.extend(routines(actual));
    changes.extend(unclassified(file, schema).into_iter().map(Change::tell));
    changes
}

/// Whether it is a role that is not ours and is in one of ours, on a server that lists what it has by that as its own.
fn inherits_elsewhere(actual: &Actual, account: &Account) -> bool {
    let is_role = account.host.is_empty() && !actual.state.roles.contains(account);
    is_role && actual.members.iter().any(|membership| membership.member == *account)
}

fn roles(file: &File, schema: &Schema, wanted: &State, actual: &Actual) -> Vec<Change> {
    let make = file.roles.iter().filter_map(|(name, role)| {
        let account = schema.server.role(schema.names.role(name));
        let is_there = actual.state.roles.contains(&account);
        (!is_there).then(|| Change::new(Kind::Add, format!("CREATE ROLE {account}"), role.who.clone()))
    });
    let lock = actual.unlocked.intersection(&wanted.roles).map(|account| {
        let why = "nobody signs in as a role";
        Change::new(Kind::Add, format!("ALTER USER {account} ACCOUNT LOCK"), why)
    });
    make.chain(lock).collect()
}

fn views(schema: &Schema, wanted: &State, actual: &State) -> Vec<Change> {
    let stale = wanted.views.iter().filter_map(|(name, select)| {
        let why = match actual.views.get(name) {
            None => "the view without secrets is missing",
            Some(is) if is == select => return None,
            Some(_) => "the view without secrets is stale",
        };
        let view = format!("{}.{}", identifier(&schema.database), identifier(name));
        // With the rights of whoever asks: a view never shows what they could not read without it.
        let make = format!("CREATE OR REPLACE SQL SECURITY INVOKER VIEW {view} AS {select}");
        Some(Change::new(Kind::Add, make, why))
    });
    let unknown = actual.views.keys().filter(|name| !wanted.views.contains_key(*name)).map(|name| {
        let drop = format!("DROP VIEW {}.{}", identifier(&schema.database), identifier(name));
        match name.ends_with(OPEN) {
            true => Change::new(Kind::Remove, drop, "a view of a table without secrets"),
            false => Change::tell(format!("view {name} is not in access.toml")),
        }
    });
    stale.chain(unknown).collect()
}

/// Rights on tables are taken first, then given, then those on columns taken: a right on a table goes with all of its columns, and
/// one on columns may be what is left of it.
fn rights(wanted: &State, ours: &BTreeSet<Grant>, actual: &Actual) -> Vec<Change> {
    let inherits = |account: &Account| actual.members.iter().any(|membership| membership.member == *account);
    let stays = |grant: &&Grant| wanted.roles.contains(&grant.account) && !inherits(&grant.account);
    let extra: BTreeSet<Grant> = ours.difference(&wanted.grants).filter(stays).cloned().collect();
    let (of_tables, of_columns) = taken(&extra);
    let lost = |grant: &Grant| of_tables.contains(&Grant { column: None, ..grant.clone() });
    let missing: BTreeSet<Grant> =
        wanted.grants.iter().filter(|grant| !ours.contains(grant) || lost(grant)).cloned().collect();
    let why = "access.toml does not give it";
    let take = |grants: &BTreeSet<Grant>| {
        let statements = revoke(grants).into_iter();
        statements.map(move |(_, statement)| Change::new(Kind::Remove, statement, why)).collect::<Vec<_>>()
    };
    let give = grant(&with_create(wanted, missing)).into_iter();
    let give = give.map(|(_, statement)| Change::new(Kind::Add, statement, "access.toml gives it"));
    take(&of_tables).into_iter().chain(give).chain(take(&of_columns)).collect()
}

/// Rights on whole things, and those on columns that do not go with one of them.
fn taken(grants: &BTreeSet<Grant>) -> (BTreeSet<Grant>, BTreeSet<Grant>) {
    let whole: BTreeSet<Grant> = grants.iter().filter(|grant| grant.column.is_none()).cloned().collect();
    let goes_along = |grant: &&Grant| whole.contains(&Grant { column: None, ..(*grant).clone() });
    let alone = grants.iter().filter(|grant| grant.column.is_some() && !goes_along(grant)).cloned().collect();
    (whole, alone)
}

/// On a table that may not be there, rights can only be given together with that to make it.
fn with_create(wanted: &State, mut missing: BTreeSet<Grant>) -> BTreeSet<Grant> {
    let create: Vec<Grant> = missing
        .iter()
        .map(|grant| Grant { privilege: "CREATE".to_owned(), column: None, ..grant.clone() })
        .filter(|create| wanted.grants.contains(create))
        .collect();
    missing.extend(create);
    missing
}

fn memberships(schema: &Schema, wanted: &State, actual: &Actual) -> Vec<Change> {
    let change = |Membership { role, member, by_default, passes_on }: &Membership| {
        if *passes_on && actual.administrators.contains(member) {
            return None;
        }
        let role = schema.server.role(role.clone());
        if wanted.roles.contains(member) {
            let why = "a role has no rights but those that access.toml gives it";
            return Some(Change::new(Kind::Detach, format!("REVOKE {role} FROM {member}"), why));
        }
        if inherits_elsewhere(actual, member) {
            return Some(Change::tell(format!("{member} is a role of others, and is in {role}")));
        }
        if *passes_on {
            return Some(Change::tell(format!("{member} may give {role} to others")));
        }
        let why = "sessions begin without the role";
        (wanted.roles.contains(&role) && !by_default && *member != actual.ourselves)
            .then(|| Change::new(Kind::Add, schema.server.set_default(&role, member), why))
    };
    actual.members.iter().filter_map(change).collect()
}

fn leftovers(wanted: &State, actual: &State) -> Vec<Change> {
    let left = actual.roles.difference(&wanted.roles);
    left.map(|account| {
        Change::new(Kind::Remove, format!("DROP ROLE {account}"), "access.toml has no such role")
    })
    .collect()
}

/// A routine reads with the rights of whoever made it, and no role of ours needs one.
fn routines(actual: &Actual) -> impl Iterator<Item = Change> {
    let told = |name: &String| {
        Change::tell(format!("routine {name} is not in access.toml, and may read what its caller may not"))
    };
    actual.routines.iter().map(told)
}

/// Rights in our database of accounts that are no roles of ours.
fn direct(schema: &Schema, others: &BTreeSet<Grant>) -> Vec<Change> {
    let only_here = |grant: &Grant| match &grant.on {
        On::Databases(pattern) => *pattern == schema.database || grant.on == On::database(&schema.database),
        On::Server | On::Table { .. } => true,
    };
    let (here, elsewhere): (BTreeSet<Grant>, BTreeSet<Grant>) =
        others.iter().cloned().partition(|grant| only_here(grant));
    let (whole, columns) = taken(&here);
    let take = revoke(&whole).into_iter().chain(revoke(&columns)).map(|(account, statement)| {
        let why = format!("{account} has rights of its own, and not by a role");
        Change::new(Kind::RemoveDirect, statement, why)
    });
    let patterns: BTreeSet<(&Account, &On)> =
        elsewhere.iter().map(|grant| (&grant.account, &grant.on)).collect();
    let told = patterns.into_iter().map(|(account, on)| {
        Change::tell(format!("{account} has rights of its own on {on}, which is this database and others"))
    });
    take.chain(told).collect()
}
