//! Schema: the MySQL migrations, the DynamoDB tables, and what brings either up to date.
//!
//! Both may run twice, and by two processes at once. Neither ever drops or empties anything.

pub mod dynamodb;
pub mod mysql;
