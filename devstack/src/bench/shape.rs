//! What a projection for measuring holds: how much of everything, and what it is called.
//!
//! Everything follows from a number, so that a question about any row can be made without looking.

use std::fmt::Write;

/// Rows of stock of a large chain: 2,000 stores with 5,000 SKUs each.
pub const LARGE: u64 = 10_000_000;
/// Rows of stock of a small one.
pub const SMALL: u64 = 10_000;
/// The brand that everything belongs to.
pub const BRAND: &str = "bench";
/// Stores on about ten thousand square kilometres: a page of the nearest is full, and has more behind it.
const STORES_PER_SQUARE_DEGREE: f64 = 80.0;
/// SKUs of a product: one of each size.
pub(crate) const SKUS_PER_PRODUCT: u64 = 5;
const SIZES: [&str; SKUS_PER_PRODUCT as usize] = ["XS", "S", "M", "L", "XL"];
const COLOURS: [&str; 4] = ["黒", "白", "紺", "赤"];
const FABRICS: [&str; 8] =
    ["コットン", "リネン", "ウール", "デニム", "シルク", "フリース", "ナイロン", "カシミヤ"];
const KINDS: [&str; 6] = ["シャツ", "ニット", "パンツ", "コート", "スカート", "ジャケット"];

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Shops.
    pub stores: u64,
    /// SKUs that each of them counted.
    pub skus_per_store: u64,
    /// Products, of which the first ones are in the stores.
    pub products: u64,
    /// Reservations, of which a fifth runs.
    pub reservations: u64,
}

impl Shape {
    /// Of about so many rows of stock, in the proportions of the large chain.
    #[must_use]
    pub fn of(rows: u64) -> Self {
        let stores = (rows * 2 / 5).isqrt().max(1);
        let skus_per_store = (rows / stores).max(1);
        let products = (rows / 50).max(skus_per_store.div_ceil(SKUS_PER_PRODUCT));
        Self { stores, skus_per_store, products, reservations: (rows / 10).max(1) }
    }

    /// Rows of stock.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.stores * self.skus_per_store
    }

    /// SKUs of all products.
    pub(super) fn skus(&self) -> u64 {
        self.products * SKUS_PER_PRODUCT
    }
}

pub(crate) fn store(n: u64) -> String {
    format!("{BRAND}.s-{n:05}")
}

/// Latitude and longitude of a store: a chain grows over the land, and has as many stores on the same ground whatever its
/// size. So a circle holds as many, and what is measured is how many rows there are beside them.
#[allow(clippy::cast_precision_loss, reason = "small numbers")]
pub(crate) fn place(stores: u64, n: u64) -> (f64, f64) {
    let side = (stores as f64 / STORES_PER_SQUARE_DEGREE).sqrt();
    (32.0 + side * share(n, 1_009), 130.5 + side * share(n * 7, 997))
}

/// A number between 0 and 1 that looks like none of its neighbours'.
#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn share(n: u64, parts: u64) -> f64 {
    (n * 613 % parts) as f64 / parts as f64
}

pub(crate) fn product(n: u64) -> String {
    format!("{BRAND}.P{n:06}")
}

/// What a product is called: two words that many have, and a number that one has.
pub(crate) fn name(n: u64) -> String {
    format!("{}{} {n:06}", pick(&FABRICS, n), pick(&KINDS, n / 8))
}

/// The SKU with this number: those of a product follow each other.
pub(crate) fn sku(n: u64) -> String {
    format!("{}-{}", product(n / SKUS_PER_PRODUCT), size(n))
}

pub(crate) fn product_of(sku: u64) -> u64 {
    sku / SKUS_PER_PRODUCT
}

pub(crate) fn size(sku: u64) -> &'static str {
    pick(&SIZES, sku)
}

pub(crate) fn colour(sku: u64) -> &'static str {
    pick(&COLOURS, sku / 3)
}

fn pick(words: &[&'static str], n: u64) -> &'static str {
    let index = usize::try_from(n).unwrap_or_default() % words.len();
    words.get(index).copied().unwrap_or_default()
}

/// What a store has of a SKU: nothing of every fourth, and of every hundredth less than is held.
pub(super) fn counts(store: u64, sku: u64) -> (u64, u64, u64) {
    let n = store * 31 + sku * 17;
    let on_hand = if n.is_multiple_of(4) { 0 } else { n % 13 };
    let held = if n.is_multiple_of(100) { on_hand + 1 } else { n % 3 / 2 };
    (on_hand, held, u64::from(n.is_multiple_of(7)))
}

/// A reservation's id, and the store that it is in.
pub(super) fn reservation(n: u64) -> String {
    format!("0192f0c1-2d3e-7a4b-8c5d-{n:012x}")
}

pub(super) fn status(n: u64) -> &'static str {
    pick(
        &["held", "collected", "collected", "ready", "cancelled", "expired", "collected", "collected"],
        n / 3,
    )
}

/// Six characters that several reservations of a large chain have, and hardly two of a store.
pub(super) fn pickup_code(n: u64) -> String {
    format!("{:06}", n * 7_919 % 1_000_000)
}

/// As the projection has telephone numbers: the last digit first.
pub(super) fn phone_reversed(n: u64) -> String {
    let mut digits = String::new();
    // Writing to a string does not fail.
    let _ = write!(digits, "{:08}", n * 104_729 % 100_000_000);
    digits + "090"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_the_proportions_of_the_large_one() {
        let large =
            Shape { stores: 2_000, skus_per_store: 5_000, products: 200_000, reservations: 1_000_000 };
        assert_eq!(Shape::of(LARGE), large);
        for rows in [1, 10, SMALL, 123_456, 1_000_000] {
            let shape = Shape::of(rows);
            assert!(shape.rows() <= rows && shape.rows() * 10 >= rows * 9, "{shape:?} of {rows}");
            assert!(shape.skus() >= shape.skus_per_store, "{shape:?}");
        }
    }
}
