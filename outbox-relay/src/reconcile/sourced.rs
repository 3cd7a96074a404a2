//! Which item of the command side a row of the projection is made from.

use contracts::Table;

use crate::core::rows::{Line, Product, Reservation, Row, Sku, Stock, Store};
use crate::core::terms::Term;

/// A row that is made from an item.
pub(super) trait Sourced: Row {
    /// The item's table.
    const SOURCE: Table;

    /// An SQL expression: the partition key of the item, for a row of `table`.
    fn source_key(table: &str) -> String;

    /// An SQL expression: the partition key of an item that is there if and only if the row has to be. It is the row's own
    /// key alone that says so, whatever its other columns hold.
    fn proof_key(table: &str) -> String {
        Self::source_key(table)
    }
}

impl Sourced for Store {
    const SOURCE: Table = Table::Masters;

    fn source_key(table: &str) -> String {
        format!("CONCAT('store#', {table}.store_id)")
    }
}

impl Sourced for Product {
    const SOURCE: Table = Table::Masters;

    fn source_key(table: &str) -> String {
        format!("CONCAT('product#', {table}.product_code)")
    }
}

impl Sourced for Sku {
    const SOURCE: Table = Table::Masters;

    fn source_key(table: &str) -> String {
        format!("CONCAT('product#', {table}.product_code)")
    }

    fn proof_key(table: &str) -> String {
        format!("CONCAT('sku#', {table}.sku)")
    }
}

impl Sourced for Term {
    const SOURCE: Table = Table::Masters;

    fn source_key(table: &str) -> String {
        format!("CONCAT('product#', {table}.product_code)")
    }
}

impl Sourced for Stock {
    const SOURCE: Table = Table::Stock;

    fn source_key(table: &str) -> String {
        format!("CONCAT({table}.store_id, '#', {table}.sku)")
    }
}

impl Sourced for Reservation {
    const SOURCE: Table = Table::Reservations;

    fn source_key(table: &str) -> String {
        format!("{table}.reservation_id")
    }
}

impl Sourced for Line {
    const SOURCE: Table = Table::Reservations;

    fn source_key(table: &str) -> String {
        format!("{table}.reservation_id")
    }
}
