//! What SKUs are called.

use std::collections::BTreeMap;

use sqlx::{MySql, QueryBuilder, Row};

use super::list::push_list;
use super::{Error, Session};

/// A SKU, for people.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    pub(crate) product_code: String,
    pub(crate) name_ja: Option<String>,
    pub(crate) name_en: Option<String>,
    pub(crate) colour_ja: Option<String>,
    pub(crate) colour_en: Option<String>,
    pub(crate) size: Option<String>,
    pub(crate) gtin: Option<String>,
}

/// Those of the SKUs that are projected already. The caller bounds how many it asks for.
pub(crate) async fn describe(
    session: &mut Session,
    skus: impl IntoIterator<Item = &str>,
) -> Result<BTreeMap<String, Described>, Error> {
    let mut query = QueryBuilder::<MySql>::new(
        "SELECT skus.sku, skus.product_code, products.name_ja, products.name_en, skus.colour_ja, skus.colour_en, \
         skus.size, skus.gtin FROM skus FORCE INDEX (PRIMARY) STRAIGHT_JOIN products FORCE INDEX (PRIMARY) \
         ON products.product_code = skus.product_code \
         WHERE skus.sku IN ",
    );
    push_list(&mut query, skus);
    let rows = session.rows(query.build()).await?;
    let described = rows.iter().map(|row| {
        let described = Described {
            product_code: row.try_get("product_code")?,
            name_ja: row.try_get("name_ja")?,
            name_en: row.try_get("name_en")?,
            colour_ja: row.try_get("colour_ja")?,
            colour_en: row.try_get("colour_en")?,
            size: row.try_get("size")?,
            gtin: row.try_get("gtin")?,
        };
        Ok::<_, sqlx::Error>((row.try_get("sku")?, described))
    });
    Ok(described.collect::<Result<_, _>>()?)
}
