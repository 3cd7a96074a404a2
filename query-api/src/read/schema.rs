//! Whether the projection is there to be read.

use sqlx::MySqlPool;

use super::{Error, Session};

/// Fails where a table is missing, and reads no row.
const EVERY_TABLE: &str = "SELECT 1 FROM stores, products, skus, stock, reservations, reservation_lines, history, checkpoints WHERE FALSE";

/// Whether the database answers and has every table that this service reads.
pub(crate) async fn check_schema(pool: &MySqlPool) -> Result<(), Error> {
    let mut session = Session::begin(pool).await?;
    session.rows(sqlx::query(EVERY_TABLE)).await?;
    session.end();
    Ok(())
}
