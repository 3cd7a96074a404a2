//! What the file asks for, given the tables that there are. Pure.
//!
//! A column that the file does not know is nobody's: it is granted to no role and is in no view.

use std::collections::BTreeSet;

use super::file::{File, Role, Table};
use super::grant::{Account, Grant, On, identifier};
use super::state::{Schema, State};

/// What stands behind the name of a table in that of its view without secrets.
pub(super) const OPEN: &str = "_open";
/// What stands behind the names of what a rebuild makes, and of what it swapped out (`outbox-relay/src/rebuild`).
const NEXT: &str = "_next";
const OLD: &str = "_old";
/// What changes rows.
const WRITE: [&str; 3] = ["INSERT", "UPDATE", "DELETE"];

/// The state that the file asks for.
pub(super) fn wanted(file: &File, schema: &Schema) -> State {
    let mut state = State::default();
    for (name, table) in &file.tables {
        if let Some(select) = open_columns(schema, name, table) {
            state.views.insert(format!("{name}{OPEN}"), select);
        }
    }
    for (name, role) in &file.roles {
        let rights = Rights { file, schema, role, account: schema.server.role(schema.names.role(name)) };
        state.grants.extend(rights.all());
        state.roles.insert(rights.account);
    }
    state
}

/// Columns that one of the two has and the other has not, and tables that the file does not know.
pub(super) fn unclassified(file: &File, schema: &Schema) -> Vec<String> {
    let mut told = Vec::new();
    for (name, columns) in &schema.tables {
        match file.tables.get(name) {
            Some(table) => {
                let unknown = columns.iter().filter(|column| !table.knows(column));
                told.extend(unknown.map(|column| format!("column {name}.{column} is not in access.toml")));
            }
            None if is_of_a_rebuild(file, name) => {}
            None => told.push(format!("table {name} is not in access.toml")),
        }
    }
    for (name, table) in &file.tables {
        let there = schema.tables.get(name);
        let known = table.open.iter().chain(table.secret.keys());
        let missing = known.filter(|column| !there.is_some_and(|columns| columns.contains(column)));
        told.extend(
            missing.map(|column| format!("access.toml has column {name}.{column}, and no table has it")),
        );
    }
    told
}

/// One that was killed leaves its tables to the next one.
fn is_of_a_rebuild(file: &File, name: &str) -> bool {
    let table = name.strip_suffix(NEXT).or_else(|| name.strip_suffix(OLD));
    table.and_then(|table| file.tables.get(table)).is_some_and(|table| table.rebuilt)
}

/// What the view of a table selects; none where it has no secrets. Spelled as servers show it, so that it can be compared.
fn open_columns(schema: &Schema, name: &str, table: &Table) -> Option<String> {
    if table.secret.is_empty() {
        return None;
    }
    let from = format!("{}.{}", identifier(&schema.database), identifier(name));
    let columns = schema.tables.get(name)?.iter().filter(|column| table.open.contains(*column));
    let columns: Vec<String> = columns
        .map(|column| {
            let column = identifier(column);
            format!("{from}.{column} AS {column}")
        })
        .collect();
    Some(format!("select {} from {from}", columns.join(",")))
}

/// What a role may do.
struct Rights<'f> {
    file: &'f File,
    schema: &'f Schema,
    role: &'f Role,
    account: Account,
}

impl Rights<'_> {
    fn all(&self) -> BTreeSet<Grant> {
        let mut all = BTreeSet::new();
        let there = |name: &&String| self.schema.tables.contains_key(*name);
        for name in self.role.reads.iter().filter(there) {
            all.extend(self.read(name));
        }
        for name in self.role.writes.iter().filter(there) {
            all.extend(self.on_table(name, &WRITE));
        }
        let rebuilt = self.file.tables.iter().filter(|(_, table)| table.rebuilt).map(|(name, _)| name);
        for name in rebuilt.filter(there) {
            let writes = self.role.writes.contains(name);
            if writes || self.role.rebuilds {
                let next = format!("{name}{NEXT}");
                // A right on a table that is not there can be given only together with that to make it.
                all.extend(self.on_table(&next, &["CREATE"]));
                all.extend(self.on_table(&next, &WRITE));
                if self.reads_all_of(name) {
                    all.extend(self.on_table(&next, &["SELECT"]));
                }
            }
            if self.role.rebuilds {
                // Renaming takes ALTER and DROP of the old name, CREATE and INSERT of the new one (MySQL manual, RENAME TABLE).
                all.extend(self.on_table(name, &["CREATE", "INSERT", "ALTER", "DROP"]));
                all.extend(self.on_table(&format!("{name}{NEXT}"), &["ALTER", "DROP"]));
                all.extend(self.on_table(&format!("{name}{OLD}"), &["CREATE", "INSERT", "DROP"]));
            }
        }
        if self.role.rebuilds {
            all.insert(self.right(On::database(&self.schema.database), "CREATE TEMPORARY TABLES", None));
        }
        all
    }

    fn right(&self, on: On, privilege: &str, column: Option<&String>) -> Grant {
        Grant { account: self.account.clone(), on, privilege: privilege.to_owned(), column: column.cloned() }
    }

    fn table(&self, name: &str) -> On {
        On::Table { database: self.schema.database.clone(), name: name.to_owned() }
    }

    fn on_table(&self, name: &str, privileges: &[&str]) -> Vec<Grant> {
        privileges.iter().map(|privilege| self.right(self.table(name), privilege, None)).collect()
    }

    /// The columns of a table that the role may read.
    fn columns(&self, name: &str) -> Vec<&String> {
        let (Some(columns), Some(table)) = (self.schema.tables.get(name), self.file.tables.get(name)) else {
            return Vec::new();
        };
        columns.iter().filter(|column| self.role.reads_column(name, table, column)).collect()
    }

    fn reads_all_of(&self, name: &str) -> bool {
        self.role.reads.contains(name)
            && self.schema.tables.get(name).is_some_and(|columns| columns.len() == self.columns(name).len())
    }

    /// A column cannot be taken out of a right on its table: whoever may not read all is given each column, and the view.
    fn read(&self, name: &str) -> Vec<Grant> {
        if self.reads_all_of(name) {
            return self.on_table(name, &["SELECT"]);
        }
        let columns = self.columns(name);
        let mut rights: Vec<Grant> =
            columns.iter().map(|column| self.right(self.table(name), "SELECT", Some(column))).collect();
        if self.file.tables.get(name).is_some_and(|table| !table.secret.is_empty()) {
            rights.extend(self.on_table(&format!("{name}{OPEN}"), &["SELECT"]));
        }
        rights
    }
}
