//! Products, and their SKUs.

use contracts::ProductCode;
use sqlx::Row;
use sqlx::mysql::MySqlRow;

use super::{Error, Missing, Session};

/// A style.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) product_code: String,
    pub(crate) name_ja: Option<String>,
    pub(crate) name_en: Option<String>,
}

/// One size of a product in one colour.
#[derive(Debug, Clone)]
pub(crate) struct SkuOf {
    pub(crate) sku: String,
    pub(crate) product_code: String,
    pub(crate) colour_ja: Option<String>,
    pub(crate) colour_en: Option<String>,
    pub(crate) size: Option<String>,
    pub(crate) gtin: Option<String>,
}

const ONE: &str = "SELECT product_code, name_ja, name_en FROM products WHERE product_code = ?";

/// A product has at most 90 SKUs, and they never go.
const SKUS: &str = "SELECT sku, product_code, colour_ja, colour_en, size, gtin FROM skus FORCE INDEX (by_product) \
    WHERE product_code = ? ORDER BY sku LIMIT 1000";

/// The product with its SKUs.
pub(crate) async fn one(
    session: &mut Session,
    code: &ProductCode,
) -> Result<Result<(Product, Vec<SkuOf>), Missing>, Error> {
    let Some(row) = session.row(sqlx::query(ONE).bind(code.as_str())).await? else {
        return Ok(Err(Missing::Product));
    };
    let skus = session.rows(sqlx::query(SKUS).bind(code.as_str())).await?;
    let skus = skus.iter().map(sku).collect::<Result<_, _>>()?;
    Ok(Ok((product(&row)?, skus)))
}

pub(super) fn product(row: &MySqlRow) -> Result<Product, sqlx::Error> {
    Ok(Product {
        product_code: row.try_get("product_code")?,
        name_ja: row.try_get("name_ja")?,
        name_en: row.try_get("name_en")?,
    })
}

pub(super) fn sku(row: &MySqlRow) -> Result<SkuOf, sqlx::Error> {
    Ok(SkuOf {
        sku: row.try_get("sku")?,
        product_code: row.try_get("product_code")?,
        colour_ja: row.try_get("colour_ja")?,
        colour_en: row.try_get("colour_en")?,
        size: row.try_get("size")?,
        gtin: row.try_get("gtin")?,
    })
}
