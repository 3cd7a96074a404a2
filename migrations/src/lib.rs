//! Schema: the MySQL migrations, the DynamoDB tables, who may do what in MySQL, and what brings each up to date.
//!
//! All may run twice, and by two processes at once. None ever drops or empties a table.

mod lock;

pub mod access;
pub mod dynamodb;
pub mod mysql;
