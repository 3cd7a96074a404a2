//! The project's own form of data sets; `demo/README.md` describes it for people.

use anyhow::{Context, Result, bail, ensure};
use contracts::{HoldPolicy, Lasts, Level, OpeningHours, ProductCode, Sku, Span, StoreId, Text, Until};
use serde::Deserialize;

use super::builder::Builder;
use super::table::{FileSpec, Files, Source};
use super::{Dataset, Position, Product, SkuInfo, Stock, Store};

pub(super) const STORES: FileSpec = FileSpec {
    name: "stores.csv",
    columns: &[
        "store_id",
        "name_ja",
        "name_en",
        "address_ja",
        "address_en",
        "latitude",
        "longitude",
        "time_zone",
        "opens",
        "closes",
        "hold_lasts",
        "max_active_holds",
    ],
};
const PRODUCTS: FileSpec =
    FileSpec { name: "products.csv", columns: &["product_code", "name_ja", "name_en"] };
const SKUS: FileSpec = FileSpec {
    name: "skus.csv",
    columns: &["sku", "product_code", "colour_ja", "colour_en", "size", "gtin"],
};
const STOCK: FileSpec = FileSpec { name: "stock.csv", columns: &["store_id", "sku", "on_hand", "safety"] };

pub(super) const FILES: Files = &[STORES, PRODUCTS, SKUS, STOCK];

pub(super) const DEMO: [(&str, &str); 4] = [
    (STORES.name, include_str!("../../demo/stores.csv")),
    (PRODUCTS.name, include_str!("../../demo/products.csv")),
    (SKUS.name, include_str!("../../demo/skus.csv")),
    (STOCK.name, include_str!("../../demo/stock.csv")),
];

#[derive(Deserialize)]
struct StoreRow {
    store_id: StoreId,
    name_ja: Option<String>,
    name_en: Option<String>,
    address_ja: Option<String>,
    address_en: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    time_zone: String,
    opens: Option<String>,
    closes: Option<String>,
    hold_lasts: Option<String>,
    max_active_holds: Option<u32>,
}

#[derive(Deserialize)]
struct ProductRow {
    product_code: ProductCode,
    name_ja: Option<String>,
    name_en: Option<String>,
}

#[derive(Deserialize)]
struct SkuRow {
    sku: Sku,
    product_code: ProductCode,
    colour_ja: Option<String>,
    colour_en: Option<String>,
    size: Option<String>,
    gtin: Option<String>,
}

#[derive(Deserialize)]
struct StockRow {
    store_id: StoreId,
    sku: Sku,
    on_hand: Level,
    safety: Level,
}

pub(super) fn read(source: &Source<'_>) -> Result<Dataset> {
    let mut builder = Builder::default();
    for row in source.rows::<StoreRow>(STORES)? {
        row?.taken_by(|row| builder.store(store(row)?))?;
    }
    for row in source.rows::<ProductRow>(PRODUCTS)? {
        row?.taken_by(|row| {
            let name = Text::new(row.name_ja, row.name_en)?;
            builder.product(Product { code: row.product_code, name, skus: Vec::new() })
        })?;
    }
    for row in source.rows::<SkuRow>(SKUS)? {
        row?.taken_by(|row| {
            let colour = text(row.colour_ja, row.colour_en)?;
            let info = SkuInfo { sku: row.sku, colour, size: row.size, gtin: row.gtin };
            builder.sku(&row.product_code, info)
        })?;
    }
    for row in source.rows::<StockRow>(STOCK)? {
        row?.taken_by(|StockRow { store_id, sku, on_hand, safety }| {
            builder.stock(Stock { store_id, sku, on_hand, safety })
        })?;
    }
    Ok(builder.finish())
}

fn store(row: StoreRow) -> Result<Store> {
    let position = match (row.latitude, row.longitude) {
        (Some(latitude), Some(longitude)) => {
            ensure!((-90.0..=90.0).contains(&latitude), "latitude: must be -90 to 90, not {latitude}");
            ensure!((-180.0..=180.0).contains(&longitude), "longitude: must be -180 to 180, not {longitude}");
            Some(Position { latitude, longitude })
        }
        (None, None) => None,
        _ => bail!("give both latitude and longitude, or neither"),
    };
    let span = match (row.opens, row.closes) {
        (Some(opens), Some(closes)) => Some(Span { opens: opens.try_into()?, closes: closes.try_into()? }),
        (None, None) => None,
        _ => bail!("give both opens and closes, or neither"),
    };
    let hours = |span| OpeningHours::new(std::array::from_fn(|_| vec![span]), Vec::new());
    let lasts = row.hold_lasts.as_deref().map(lasts).transpose()?;
    Ok(Store {
        id: row.store_id,
        name: Text::new(row.name_ja, row.name_en)?,
        address: text(row.address_ja, row.address_en)?,
        position,
        time_zone: row.time_zone,
        opening_hours: span.map(hours).transpose()?,
        hold_policy: hold_policy(lasts, row.max_active_holds)?,
    })
}

fn hold_policy(lasts: Option<Lasts>, max_active_holds: Option<u32>) -> Result<Option<HoldPolicy>> {
    if lasts.is_none() && max_active_holds.is_none() {
        return Ok(None);
    }
    let usual = HoldPolicy::default();
    let policy = HoldPolicy::new(
        usual.accepts_holds(),
        lasts.unwrap_or(usual.lasts()),
        usual.max_pieces_per_line(),
        usual.max_pieces(),
        max_active_holds,
        usual.safety_stock(),
    );
    Ok(Some(policy?))
}

fn lasts(text: &str) -> Result<Lasts> {
    Ok(match text {
        "closing" => Lasts::Until(Until::Closing),
        "next_day_closing" => Lasts::Until(Until::NextDayClosing),
        minutes => Lasts::Minutes(
            minutes.parse().context("hold_lasts: must be minutes, closing or next_day_closing")?,
        ),
    })
}

fn text(ja: Option<String>, en: Option<String>) -> Result<Option<Text>> {
    if ja.is_none() && en.is_none() { Ok(None) } else { Ok(Some(Text::new(ja, en)?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: [(&str, &str); 4] = [
        (
            "stores.csv",
            "store_id,name_ja,name_en,address_ja,address_en,latitude,longitude,time_zone,opens,closes,hold_lasts,max_active_holds\n\
             kumo.a-1,雲,Kumo,,,35.5,139.5,Asia/Tokyo,10:00,20:00,60,3\n\
             kumo.a-2,,Kumo Two,,\"1, Somewhere\",,,Asia/Tokyo,,,,\n",
        ),
        ("products.csv", "product_code,name_ja,name_en\nkumo.P1,傘,Umbrella\n"),
        (
            "skus.csv",
            "sku,product_code,colour_ja,colour_en,size,gtin\n\
             kumo.P1-BLK,kumo.P1,黒,Black,60 cm,\nkumo.P1-X,kumo.P1,,,,\n",
        ),
        ("stock.csv", "store_id,sku,on_hand,safety\nkumo.a-1,kumo.P1-BLK,3,1\nkumo.a-2,kumo.P1-BLK,0,0\n"),
    ];

    /// The sample with `old` replaced by `new` in one file.
    fn refusal(file: &str, old: &str, new: &str) -> String {
        let changed: Vec<(&str, String)> = SAMPLE
            .iter()
            .map(|(name, content)| {
                assert!(*name != file || content.contains(old), "{old:?} is not in {file}");
                (*name, if *name == file { content.replacen(old, new, 1) } else { (*content).to_owned() })
            })
            .collect();
        let files: Vec<(&str, &str)> =
            changed.iter().map(|(name, content)| (*name, content.as_str())).collect();
        format!("{:#}", read(&Source::Embedded(&files)).unwrap_err())
    }

    #[test]
    fn a_data_set_is_read() {
        let read = read(&Source::Embedded(&SAMPLE)).unwrap();
        let [one, two] = read.stores.as_slice() else { panic!("{:?}", read.stores) };
        assert_eq!(one.position, Some(Position { latitude: 35.5, longitude: 139.5 }));
        let policy = one.hold_policy.as_ref().unwrap();
        assert_eq!((policy.lasts(), policy.max_active_holds()), (Lasts::Minutes(60), Some(3)));
        assert!(one.opening_hours.is_some() && one.address.is_none());
        assert!(two.opening_hours.is_none() && two.hold_policy.is_none());
        assert_eq!((two.name.ja(), two.name.en(), two.position), (None, Some("Kumo Two"), None));
        assert_eq!(two.address.as_ref().and_then(Text::en), Some("1, Somewhere"));
        let [product] = read.products.as_slice() else { panic!("{:?}", read.products) };
        let [black, plain] = product.skus.as_slice() else { panic!("{:?}", product.skus) };
        assert_eq!(black.size.as_deref(), Some("60 cm"));
        assert_eq!((&plain.colour, &plain.size, &plain.gtin), (&None, &None, &None));
        assert_eq!(read.stock.iter().map(|row| row.on_hand.get()).collect::<Vec<_>>(), [3, 0]);
        assert_eq!(read.example().unwrap().0.as_str(), "kumo.a-1");
    }

    #[test]
    fn a_row_that_cannot_be_taken_is_told_with_file_and_line() {
        for (file, old, new, message) in [
            ("stores.csv", "kumo.a-2", "kumo.a 2", "stores.csv, line 3: `kumo.a 2` must be"),
            ("stores.csv", "kumo.a-2", "kumo.a-1", "stores.csv, line 3: store kumo.a-1 stands there twice"),
            ("stores.csv", "35.5,", ",", "stores.csv, line 2: give both latitude and longitude"),
            ("stores.csv", "35.5", "NaN", "stores.csv, line 2: latitude: must be"),
            ("stores.csv", "雲,Kumo,", ",,", "stores.csv, line 2: give the text in at least one language"),
            ("stores.csv", ",60", ",an hour", "stores.csv, line 2: hold_lasts: must be minutes"),
            ("stores.csv", ",20:00", ",", "stores.csv, line 2: give both opens and closes"),
            ("stores.csv", ",20:00", ",09:00", "stores.csv, line 2: a day has at most"),
            ("products.csv", "kumo.P1,", "P1,", "products.csv, line 2: `P1` must be a brand"),
            ("products.csv", "name_en", "name", "products.csv, line 1: the header lacks name_en"),
            ("skus.csv", "X,kumo.P1", "X,kumo.P2", "skus.csv, line 3: there is no product kumo.P2"),
            ("skus.csv", "P1-X", "P1-BLK", "skus.csv, line 3: SKU kumo.P1-BLK stands there twice"),
            ("stock.csv", "kumo.a-2", "kumo.a-3", "stock.csv, line 3: there is no store kumo.a-3"),
            ("stock.csv", "P1-BLK,3", "P1-RED,3", "stock.csv, line 2: there is no SKU kumo.P1-RED"),
            (
                "stock.csv",
                "kumo.a-2",
                "kumo.a-1",
                "stock.csv, line 3: kumo.P1-BLK in kumo.a-1 stands there twice",
            ),
            ("stock.csv", "3,1", "-3,1", "stock.csv, line 2: on_hand: invalid digit"),
            ("stock.csv", "3,1", "9999999,1", "stock.csv, line 2: a stock level must be"),
            ("stock.csv", "3,1", "3", "stock.csv, line 2: 3 fields instead of 4"),
        ] {
            let refused = refusal(file, old, new);
            assert!(refused.starts_with(message), "{refused:?} for {message:?}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let message = format!("{:#}", read(&Source::Embedded(&SAMPLE[..3])).unwrap_err());
        assert_eq!(message, "there is no stock.csv (with the columns store_id,sku,on_hand,safety)");
    }
}
