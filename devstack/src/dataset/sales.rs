//! The sales that belong to a data set, read as they are asked for: there may be a million.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use contracts::{Sku, StoreId};
use serde::Deserialize;

use super::maven;
use super::table::{FileSpec, rows};

const COLUMNS: &[&str] = &["Sale_ID", "Store_ID", "Product_ID", "Units"];
const PLAIN: FileSpec = FileSpec { name: "sales.csv", columns: COLUMNS };
const COMPRESSED: FileSpec = FileSpec { name: "sales.csv.zst", columns: COLUMNS };

/// Pieces of one SKU that one customer bought in one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// Unique in its data set.
    pub sale_id: u64,
    /// Where.
    pub store_id: StoreId,
    /// What.
    pub sku: Sku,
    /// Pieces; whether so many can be held at once is for the service to say.
    pub units: u32,
}

#[derive(Deserialize)]
struct SaleRow {
    #[serde(rename = "Sale_ID")]
    sale: u64,
    #[serde(rename = "Store_ID")]
    store: u32,
    #[serde(rename = "Product_ID")]
    product: u32,
    #[serde(rename = "Units")]
    units: u32,
}

/// The sales of the data set in a directory, in the order of their file.
///
/// # Errors
/// When there is no file of sales, or its header lacks a column; each row may be an error with file and line.
pub fn sales(dir: &Path) -> Result<impl Iterator<Item = Result<Sale>> + use<>> {
    let (file, reader) = open(dir)?;
    parsed(reader, file)
}

fn open(dir: &Path) -> Result<(FileSpec, Box<dyn Read>)> {
    for file in [COMPRESSED, PLAIN] {
        let path = dir.join(file.name);
        if !path.exists() {
            continue;
        }
        let opened = File::open(&path).with_context(|| path.display().to_string())?;
        let reader: Box<dyn Read> = if file.name == COMPRESSED.name {
            Box::new(zstd::Decoder::new(opened).with_context(|| path.display().to_string())?)
        } else {
            Box::new(BufReader::new(opened))
        };
        return Ok((file, reader));
    }
    bail!(
        "{} holds no sales: looked for {} and {} with the columns {}",
        dir.display(),
        COMPRESSED.name,
        PLAIN.name,
        COLUMNS.join(","),
    );
}

fn parsed<R: Read>(reader: R, file: FileSpec) -> Result<impl Iterator<Item = Result<Sale>> + use<R>> {
    Ok(rows::<R, SaleRow>(reader, file)?.map(|row| {
        row?.taken_by(|row| {
            Ok(Sale {
                sale_id: row.sale,
                store_id: maven::store_id(row.store)?,
                sku: maven::sku(row.product)?,
                units: row.units,
            })
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "Sale_ID,Date,Store_ID,Product_ID,Units\r\n\
                          1,2017-01-01,24,4,1\r\n2,2017-01-01,28,1,30\r\n3,2017-01-01,x,1,1\r\n";

    #[test]
    fn sales_come_in_the_order_of_the_file() {
        let mut read = parsed(SAMPLE.as_bytes(), PLAIN).unwrap();
        let first = read.next().unwrap().unwrap();
        assert_eq!(first.sale_id, 1);
        assert_eq!(first.store_id.as_str(), "maventoys.store-24");
        assert_eq!(first.sku.as_str(), "maventoys.P04-STD");
        assert_eq!(read.next().unwrap().unwrap().units, 30);
        let message = format!("{:#}", read.next().unwrap().unwrap_err());
        assert_eq!(message, "sales.csv, line 4: Store_ID: invalid digit found in string");
        assert!(read.next().is_none());
    }
}
