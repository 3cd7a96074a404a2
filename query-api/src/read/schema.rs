//! Whether the projection is there to be read.

use super::{Error, Source};

/// Fails where a table is missing, and reads no row.
const EVERY_TABLE: &str = "SELECT 1 FROM stores, products, product_terms, skus, stock, reservations, reservation_lines, history, \
     checkpoints, positions, stock_changes WHERE FALSE";

/// Whether the database answers and has every table that this service reads.
pub(crate) async fn check_schema(source: &Source) -> Result<(), Error> {
    let mut session = source.any().await?;
    session.rows(sqlx::query(EVERY_TABLE)).await?;
    session.end();
    Ok(())
}
