//! The form of Maven Analytics' "Mexico Toy Sales": a fictitious chain of toy shops, with 50 stores, 35 products and
//! 829,262 sales.

use anyhow::Result;
use contracts::{Level, ProductCode, Sku, StoreId, Text};
use serde::Deserialize;

use super::builder::Builder;
use super::table::{FileSpec, Files, Source};
use super::{Dataset, Product, SkuInfo, Stock, Store};

pub(super) const STORES: FileSpec = FileSpec { name: "stores.csv", columns: &["Store_ID", "Store_Name"] };
const PRODUCTS: FileSpec = FileSpec { name: "products.csv", columns: &["Product_ID", "Product_Name"] };
const INVENTORY: FileSpec =
    FileSpec { name: "inventory.csv", columns: &["Store_ID", "Product_ID", "Stock_On_Hand"] };

pub(super) const FILES: Files = &[STORES, PRODUCTS, INVENTORY];

/// The data set names no zone. Nearly all of its cities share this one.
const TIME_ZONE: &str = "America/Mexico_City";

#[derive(Deserialize)]
struct StoreRow {
    #[serde(rename = "Store_ID")]
    store: u32,
    #[serde(rename = "Store_Name")]
    name: String,
}

#[derive(Deserialize)]
struct ProductRow {
    #[serde(rename = "Product_ID")]
    product: u32,
    #[serde(rename = "Product_Name")]
    name: String,
}

#[derive(Deserialize)]
struct InventoryRow {
    #[serde(rename = "Store_ID")]
    store: u32,
    #[serde(rename = "Product_ID")]
    product: u32,
    #[serde(rename = "Stock_On_Hand")]
    on_hand: Level,
}

pub(super) fn read(source: &Source<'_>) -> Result<Dataset> {
    let mut builder = Builder::default();
    for row in source.rows::<StoreRow>(STORES)? {
        row?.taken_by(|row| {
            builder.store(Store {
                id: store_id(row.store)?,
                name: Text::new(None, Some(row.name))?,
                address: None,
                position: None,
                time_zone: TIME_ZONE.to_owned(),
                opening_hours: None,
                hold_policy: None,
            })
        })?;
    }
    for row in source.rows::<ProductRow>(PRODUCTS)? {
        row?.taken_by(|row| {
            let code: ProductCode = format!("maventoys.P{:02}", row.product).parse()?;
            let name = Text::new(None, Some(row.name))?;
            builder.product(Product { code: code.clone(), name, skus: Vec::new() })?;
            let info = SkuInfo { sku: sku(row.product)?, colour: None, size: None, gtin: None };
            builder.sku(&code, info)
        })?;
    }
    for row in source.rows::<InventoryRow>(INVENTORY)? {
        row?.taken_by(|row| {
            builder.stock(Stock {
                store_id: store_id(row.store)?,
                sku: sku(row.product)?,
                on_hand: row.on_hand,
                safety: Level::ZERO,
            })
        })?;
    }
    Ok(builder.finish())
}

pub(super) fn store_id(store: u32) -> Result<StoreId> {
    Ok(format!("maventoys.store-{store:02}").parse()?)
}

/// A toy comes in one make: one SKU per product.
pub(super) fn sku(product: u32) -> Result<Sku> {
    Ok(format!("maventoys.P{product:02}-STD").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: [(&str, &str); 3] = [
        (
            "stores.csv",
            "Store_ID,Store_Name,Store_City,Store_Location,Store_Open_Date\r\n\
             1,Maven Toys Guadalajara 1,Guadalajara,Residential,1992-09-18\r\n\
             24,Maven Toys Merida 2,Merida,Downtown,2010-01-01\r\n",
        ),
        (
            "products.csv",
            "Product_ID,Product_Name,Product_Category,Product_Cost,Product_Price\r\n\
             3,Barrel O' Slime,Art & Crafts,$1.99 ,$3.99 \r\n",
        ),
        ("inventory.csv", "Store_ID,Product_ID,Stock_On_Hand\r\n1,3,27\r\n24,3,0\r\n"),
    ];

    #[test]
    fn a_data_set_is_read() {
        let read = read(&Source::Embedded(&SAMPLE)).unwrap();
        assert_eq!(
            read.stores.iter().map(|store| store.id.as_str()).collect::<Vec<_>>(),
            ["maventoys.store-01", "maventoys.store-24"]
        );
        assert_eq!(read.stores[0].name.en(), Some("Maven Toys Guadalajara 1"));
        assert_eq!(read.products[0].code.as_str(), "maventoys.P03");
        assert_eq!(read.products[0].name.en(), Some("Barrel O' Slime"));
        assert_eq!(read.products[0].skus[0].sku.as_str(), "maventoys.P03-STD");
        assert_eq!(read.stock.iter().map(|row| row.on_hand.get()).collect::<Vec<_>>(), [27, 0]);
    }

    #[test]
    fn a_row_that_cannot_be_taken_is_told_with_file_and_line() {
        let files =
            [SAMPLE[0], SAMPLE[1], ("inventory.csv", "Store_ID,Product_ID,Stock_On_Hand\r\n2,3,1\r\n")];
        let message = format!("{:#}", read(&Source::Embedded(&files)).unwrap_err());
        assert_eq!(message, "inventory.csv, line 2: there is no store maventoys.store-02");
    }
}
