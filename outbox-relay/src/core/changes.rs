//! Which stocks changed last, for whoever follows them.
//!
//! Each transaction takes the next position, and holds the row that counts them until its commit. So positions become
//! visible in their order: who has seen one will never see a lower one appear, whatever commits beside it (docs/adr,
//! 0014). It must be the last that a transaction does to rows that others write, too: all wait here for each other.

use sqlx::{Connection, MySqlConnection, QueryBuilder};

use super::forms::statements;

/// Stands for every stock there is.
const ALL: (&str, &str) = ("", "");

const NEXT: &str = "INSERT INTO positions (name, position) VALUES ('stock', 1) \
                    ON DUPLICATE KEY UPDATE position = position + 1";
const TAKEN: &str = "SELECT position FROM positions WHERE name = 'stock'";

/// Says, in the caller's transaction, that these stocks changed: store and SKU of each.
pub(super) async fn write<'k>(
    connection: &mut MySqlConnection,
    stocks: impl Iterator<Item = (&'k str, &'k str)>,
) -> Result<(), sqlx::Error> {
    let stocks: Vec<_> = stocks.collect();
    if stocks.is_empty() {
        return Ok(());
    }
    sqlx::query(NEXT).execute(&mut *connection).await?;
    let position: u64 = sqlx::query_scalar(TAKEN).fetch_one(&mut *connection).await?;
    for some in statements(&stocks) {
        let mut query = QueryBuilder::new("INSERT INTO stock_changes (store_id, sku, position) ");
        query.push_values(some, |mut values, (store_id, sku)| {
            values.push_bind((*store_id).to_owned()).push_bind((*sku).to_owned()).push_bind(position);
        });
        query.push(" ON DUPLICATE KEY UPDATE position = VALUES(position)");
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Says that every stock may have changed, after rows were changed in another way than by events.
pub(crate) async fn all(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    write(&mut transaction, [ALL].into_iter()).await?;
    transaction.commit().await
}
