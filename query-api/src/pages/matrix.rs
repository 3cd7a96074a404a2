//! A product's colours and sizes as a table of what is in stock.

use super::frame::{Visit, address};
use super::lang::Lang;
use super::words::Words;
use crate::http::{Supply, own_code};
use crate::read::counts::Offering;
use crate::read::products::SkuOf;

/// Sizes of clothes, from small to large.
const LETTERS: [&str; 12] = ["XXS", "XS", "SS", "S", "M", "L", "LL", "XL", "3L", "XXL", "3XL", "4XL"];

/// One colour.
pub(crate) struct Row {
    pub(crate) colour: String,
    /// One for each size; `None` where there is no such SKU.
    pub(crate) cells: Vec<Option<Cell>>,
}

/// One SKU.
pub(crate) struct Cell {
    pub(crate) sku: String,
    /// The page with this SKU chosen.
    pub(crate) address: String,
    pub(crate) chosen: bool,
    pub(crate) class: &'static str,
    pub(crate) text: String,
}

/// Brings SKUs into the order of people: colours as their codes are, sizes from small to large.
pub(crate) fn sort(skus: &mut [SkuOf]) {
    let colours: Vec<_> = skus.iter().map(colour_key).collect();
    skus.sort_by_cached_key(|sku| {
        let key = colour_key(sku);
        let colour = colours.iter().position(|known| *known == key);
        (colour, size_rank(sku.size.as_deref().unwrap_or_default()), sku.sku.clone())
    });
}

fn colour_key(sku: &SkuOf) -> (Option<String>, Option<String>) {
    (sku.colour_ja.clone(), sku.colour_en.clone())
}

/// Letters first, then numbers by their value (tenths count: shoes have 23.5), then what is neither.
fn size_rank(size: &str) -> (usize, i64, String) {
    if let Some(rank) = LETTERS.iter().position(|letters| *letters == size) {
        return (rank, 0, String::new());
    }
    let digits: String = size.chars().take_while(|c| c.is_ascii_digit()).collect();
    let tenth =
        size.strip_prefix(&digits).and_then(|rest| rest.strip_prefix('.')?.chars().next()?.to_digit(10));
    match digits.parse::<i64>() {
        Ok(number) => (
            LETTERS.len(),
            number.saturating_mul(10).saturating_add(tenth.unwrap_or_default().into()),
            size.to_owned(),
        ),
        Err(_) => (LETTERS.len() + 1, 0, size.to_owned()),
    }
}

/// What a SKU is called: its colour and size.
pub(crate) fn label(sku: &SkuOf, lang: Lang) -> String {
    let colour = lang.pick(sku.colour_ja.as_deref(), sku.colour_en.as_deref());
    let size = size(sku, lang);
    if colour.is_empty() { size } else { format!("{colour} / {size}") }
}

fn size(sku: &SkuOf, lang: Lang) -> String {
    match sku.size.as_deref() {
        None | Some("F") => Words::of(lang).shop.one_size.to_string(),
        Some(size) => size.to_owned(),
    }
}

/// Most pieces that one of the stores has; `None` where none ever counted the SKU.
pub(crate) fn most(sku: &str, stores: &[Offering]) -> Option<i32> {
    let offers = stores.iter().flat_map(|store| &store.offers).filter(|(offered, _)| offered == sku);
    offers.map(|(_, offer)| offer.in_store).max()
}

/// The names of the sizes, and a row for each colour. The SKUs are sorted.
pub(crate) fn of(
    skus: &[SkuOf],
    stores: &[Offering],
    chosen: Option<&SkuOf>,
    visit: &Visit,
    product_code: &str,
) -> (Vec<String>, Vec<Row>) {
    let lang = visit.lang;
    let mut ranked: Vec<_> = skus
        .iter()
        .map(|sku| (size_rank(sku.size.as_deref().unwrap_or_default()), size(sku, lang)))
        .collect();
    ranked.sort();
    ranked.dedup();
    let sizes: Vec<String> = ranked.into_iter().map(|(_, size)| size).collect();
    let mut rows: Vec<(_, Row)> = Vec::new();
    for sku in skus {
        let key = colour_key(sku);
        if rows.last().is_none_or(|(last, _)| *last != key) {
            let colour = lang.pick(sku.colour_ja.as_deref(), sku.colour_en.as_deref());
            let colour = if colour.is_empty() {
                Words::of(lang).shop.one_colour.to_string()
            } else {
                colour.to_owned()
            };
            rows.push((key, Row { colour, cells: sizes.iter().map(|_| None).collect() }));
        }
        let column = sizes.iter().position(|known| *known == size(sku, lang));
        let cells = rows.last_mut().map(|(_, row)| &mut row.cells);
        if let Some(cell) = cells.zip(column).and_then(|(cells, column)| cells.get_mut(column)) {
            let chosen = chosen.is_some_and(|chosen| chosen.sku == sku.sku);
            *cell = Some(cell_of(&sku.sku, stores, chosen, visit, product_code));
        }
    }
    (sizes, rows.into_iter().map(|(_, row)| row).collect())
}

fn cell_of(sku: &str, stores: &[Offering], chosen: bool, visit: &Visit, product_code: &str) -> Cell {
    let shop = Words::of(visit.lang).shop;
    let most = most(sku, stores);
    let (class, text) = match most.map(Supply::of) {
        None => ("never", shop.never),
        Some(Supply::Nothing) => ("none", shop.none),
        Some(Supply::Few) => ("few", shop.few_short),
        Some(Supply::Enough) => ("many", shop.many),
    };
    let mut pairs = vec![("sku", own_code(sku))];
    pairs.extend(visit.carried());
    let address = address(&format!("/products/{product_code}"), &pairs);
    Cell { sku: sku.to_owned(), address: format!("{address}#stores"), chosen, class, text: text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_from_small_to_large() {
        let mut sizes = ["XL", "24", "M", "F", "23.5", "S", "100", "23", "L", "XS", "9.5"];
        sizes.sort_by_key(|size| size_rank(size));
        assert_eq!(sizes, ["XS", "S", "M", "L", "XL", "9.5", "23", "23.5", "24", "100", "F"]);
    }
}
