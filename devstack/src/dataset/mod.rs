//! Data sets: the stores, products and counts that a stack is filled with, and the sales that are replayed on it.
//!
//! Owns reading them from files, and checks them whole, so that a mistake is told with file and line before anything
//! is sent. It must never talk to a service.

mod builder;
mod maven;
mod own;
mod sales;
mod table;

use std::path::Path;

use anyhow::{Context, Result, bail};
use contracts::{HoldPolicy, Level, OpeningHours, ProductCode, Sku, StoreId, Text};
use serde::Serialize;

pub use sales::{Sale, sales};

use table::{Files, Source};

/// One chain's masters and counts, in the order of their files.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The chain's stores.
    pub stores: Vec<Store>,
    /// What it sells.
    pub products: Vec<Product>,
    /// What is where. A pair of store and SKU that is missing was never stocked.
    pub stock: Vec<Stock>,
}

/// A shop. Serialised, it is the body of the command that defines it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Store {
    /// Its id.
    #[serde(skip)]
    pub id: StoreId,
    /// What its sign says.
    pub name: Text,
    /// Where to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Text>,
    /// Where it is on the map.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// IANA name of its time zone.
    pub time_zone: String,
    /// When it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opening_hours: Option<OpeningHours>,
    /// How it keeps things for people; the service's own default where the data set says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_policy: Option<HoldPolicy>,
}

/// Degrees, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Position {
    /// North of the equator.
    pub latitude: f64,
    /// East of Greenwich.
    pub longitude: f64,
}

/// A style with its SKUs. Serialised, it is the body of the command that defines it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Product {
    /// Its code.
    #[serde(skip)]
    pub code: ProductCode,
    /// What it is called.
    pub name: Text,
    /// What is counted of it.
    pub skus: Vec<SkuInfo>,
}

/// One colour and size of a product.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkuInfo {
    /// Its id.
    pub sku: Sku,
    /// The colour's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<Text>,
    /// As the label says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// The number under the bar code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
}

/// The count of one SKU in one store. Serialised, it is the body of the command that sets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stock {
    /// Where.
    #[serde(skip)]
    pub store_id: StoreId,
    /// Of what.
    #[serde(skip)]
    pub sku: Sku,
    /// Pieces that are there.
    pub on_hand: Level,
    /// Pieces that are never offered.
    pub safety: Level,
}

impl Dataset {
    /// The project's own demo data, which is part of the binary.
    ///
    /// # Errors
    /// When the embedded files are no data set, which a test excludes.
    pub fn demo() -> Result<Self> {
        own::read(&Source::Embedded(&own::DEMO)).context("the embedded demo data")
    }

    /// The data set in a directory, in one of the two known forms.
    ///
    /// # Errors
    /// When it has neither form, or a row cannot be taken; the message names what was looked for, or file and line.
    pub fn open(dir: &Path) -> Result<Self> {
        Self::read(&Source::Directory(dir)).with_context(|| dir.display().to_string())
    }

    fn read(source: &Source<'_>) -> Result<Self> {
        let found = match source.header(own::STORES.name)? {
            Some(header) if own::STORES.missing_from(&header).is_empty() => return own::read(source),
            Some(header) if maven::STORES.missing_from(&header).is_empty() => return maven::read(source),
            Some(header) => format!("{} starts with `{}`", own::STORES.name, header.join(",")),
            None => format!("there is no {}", own::STORES.name),
        };
        bail!(
            "no data set of a known form: {found}\nLooked for these files and headers:\n{}or\n{}",
            described(own::FILES),
            described(maven::FILES),
        );
    }

    /// A pair of store and SKU with plenty to offer, to try the service with.
    #[must_use]
    pub fn example(&self) -> Option<(StoreId, Sku)> {
        let offered = |row: &Stock| row.on_hand.get().saturating_sub(row.safety.get());
        // Of equals the first: `max_by_key` would take the last.
        let best = self.stock.iter().rev().max_by_key(|row| offered(row))?;
        (offered(best) > 0).then(|| (best.store_id.clone(), best.sku.clone()))
    }
}

fn described(files: Files) -> String {
    files.iter().map(|file| format!("  {:<14} {}\n", file.name, file.columns.join(","))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn valid_gtin13(gtin: &str) -> bool {
        let digits: Option<Vec<u32>> = gtin.chars().map(|digit| digit.to_digit(10)).collect();
        let weighted = |digits: &[u32]| -> u32 {
            digits.iter().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum()
        };
        digits.is_some_and(|digits| digits.len() == 13 && weighted(&digits) % 10 == 0)
    }

    #[test]
    fn a_check_digit_is_told_from_a_wrong_one() {
        assert!(valid_gtin13("4006381333931"));
        assert!(!valid_gtin13("4006381333932"));
        assert!(!valid_gtin13("4006381333913"));
        assert!(!valid_gtin13("400638133393"));
    }

    #[test]
    fn the_demo_is_a_chain_of_its_own() {
        // Reading it has checked that ids parse, none comes twice, and stock refers to known stores and SKUs.
        let demo = Dataset::demo().unwrap();
        assert_eq!(demo.stores.len(), 12);
        assert_eq!(demo.products.len(), 40);
        assert!((3_000..=4_500).contains(&demo.stock.len()), "{}", demo.stock.len());
        let brands: HashSet<_> = demo
            .stores
            .iter()
            .map(|store| store.id.brand())
            .chain(demo.products.iter().map(|product| product.code.brand()))
            .chain(demo.products.iter().flat_map(|product| &product.skus).map(|sku| sku.sku.brand()))
            .collect();
        assert_eq!(brands.iter().map(contracts::Brand::as_str).collect::<Vec<_>>(), ["hinata"]);
    }

    #[test]
    fn the_demo_stores_are_in_japan() {
        for store in Dataset::demo().unwrap().stores {
            let Position { latitude, longitude } = store.position.unwrap();
            assert!((24.0..46.0).contains(&latitude) && (122.0..146.0).contains(&longitude), "{}", store.id);
            assert_eq!(store.time_zone, "Asia/Tokyo");
            assert!(store.name.ja().is_some() && store.name.en().is_some(), "{}", store.id);
            assert!(
                store.address.is_some() && store.opening_hours.is_some() && store.hold_policy.is_some(),
                "{}",
                store.id
            );
        }
    }

    #[test]
    fn the_demo_products_are_named_and_numbered() {
        let mut gtins = HashSet::new();
        for product in Dataset::demo().unwrap().products {
            assert!(product.name.ja().is_some() && product.name.en().is_some(), "{}", product.code);
            for info in product.skus {
                assert!(info.sku.as_str().starts_with(&format!("{}-", product.code)), "{}", info.sku);
                assert!(info.colour.is_some() && info.size.is_some(), "{}", info.sku);
                let Some(gtin) = info.gtin else { continue };
                assert!(valid_gtin13(&gtin), "{} {gtin}", info.sku);
                // The range for a company's own use: no real product's number.
                assert!(("20".."30").contains(&gtin.as_str()), "{} {gtin}", info.sku);
                assert!(gtins.insert(gtin), "{}", info.sku);
            }
        }
        assert!(gtins.len() > 300, "{}", gtins.len());
    }

    #[test]
    fn the_demo_stock_has_variety() {
        let demo = Dataset::demo().unwrap();
        let pairs = demo.stores.len() * demo.products.iter().map(|product| product.skus.len()).sum::<usize>();
        assert!(demo.stock.len() < pairs, "every pair is stocked");
        let with = |test: fn(u32) -> bool| demo.stock.iter().filter(|row| test(row.on_hand.get())).count();
        for (pieces, rows) in
            [("none", with(|n| n == 0)), ("one", with(|n| n == 1)), ("many", with(|n| n >= 10))]
        {
            assert!(rows * 20 > demo.stock.len(), "{pieces}: {rows}");
        }
        assert!(demo.stock.iter().all(|row| row.safety.get() <= 1));
    }

    #[test]
    fn the_demo_example_has_plenty() {
        let demo = Dataset::demo().unwrap();
        let (store_id, sku) = demo.example().unwrap();
        assert_eq!((store_id.as_str(), sku.as_str()), ("hinata.ginza-01", "hinata.KN1021-BLK-M"));
    }

    #[test]
    fn a_form_is_known_by_its_header() {
        let own = Dataset::read(&Source::Embedded(&own::DEMO)).unwrap();
        assert_eq!(own, Dataset::demo().unwrap());
        let maven = [
            ("stores.csv", "Store_ID,Store_Name\r\n1,One\r\n"),
            ("products.csv", "Product_ID,Product_Name\r\n1,Jenga\r\n"),
            ("inventory.csv", "Store_ID,Product_ID,Stock_On_Hand\r\n1,1,2\r\n"),
        ];
        let maven = Dataset::read(&Source::Embedded(&maven)).unwrap();
        assert_eq!(maven.example().unwrap().1.as_str(), "maventoys.P01-STD");
    }

    #[test]
    fn an_unknown_form_is_told_with_what_was_looked_for() {
        for (files, found) in [
            (&[][..], "there is no stores.csv"),
            (&[("stores.csv", "id,name\n1,One\n")][..], "stores.csv starts with `id,name`"),
        ] {
            let message = Dataset::read(&Source::Embedded(files)).unwrap_err().to_string();
            for part in
                [found, "inventory.csv  Store_ID,Product_ID,Stock_On_Hand", "stock.csv      store_id,sku"]
            {
                assert!(message.contains(part), "{message:?} lacks {part:?}");
            }
        }
    }

    #[test]
    fn a_data_set_with_nothing_to_offer_has_no_example() {
        let mut demo = Dataset::demo().unwrap();
        demo.stock.retain(|row| row.on_hand.get() <= row.safety.get());
        assert!(!demo.stock.is_empty());
        assert_eq!(demo.example(), None);
    }

    #[test]
    fn a_body_leaves_out_what_is_not_known() {
        let store = Store {
            id: "hinata.x".parse().unwrap(),
            name: Text::new(None, Some("X".into())).unwrap(),
            address: None,
            position: Some(Position { latitude: 35.5, longitude: 139.5 }),
            time_zone: "Asia/Tokyo".into(),
            opening_hours: None,
            hold_policy: None,
        };
        let body = r#"{"name":{"en":"X"},"latitude":35.5,"longitude":139.5,"time_zone":"Asia/Tokyo"}"#;
        assert_eq!(serde_json::to_string(&store).unwrap(), body);
        let nowhere = Store { position: None, ..store };
        let body = r#"{"name":{"en":"X"},"time_zone":"Asia/Tokyo"}"#;
        assert_eq!(serde_json::to_string(&nowhere).unwrap(), body);
    }
}
