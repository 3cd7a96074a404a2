//! What is asked: every lookup of the query API, each time about another row.

use super::shape::{self, BRAND, Shape};

/// A prime above every number of rows, far from a multiple of any: steps of this size visit all of them, in no order.
const STEP: u64 = 2_654_435_761;

/// The lookup that must not take longer where there is more.
pub(super) const NEAREST: &str = "nearest stores with a SKU";

/// One lookup.
pub struct Question {
    /// What it is called in the report.
    pub name: &'static str,
    path: fn(Shape, u64) -> String,
}

impl Question {
    /// Its path and parameters when it is asked for the nth time.
    #[must_use]
    pub fn path(&self, shape: Shape, n: u64) -> String {
        (self.path)(shape, scattered(n))
    }
}

/// A store and a SKU that it counted.
pub(super) fn stocked(shape: Shape, n: u64) -> (String, String) {
    let n = scattered(n);
    (store(shape, n), sku(shape, n))
}

fn scattered(n: u64) -> u64 {
    n.wrapping_mul(STEP) >> 8
}

/// As it stands in an address.
fn text(words: &str) -> String {
    form_urlencoded::byte_serialize(words.as_bytes()).collect()
}

fn near(shape: Shape, n: u64) -> String {
    let (latitude, longitude) = shape::place(shape.stores, n % shape.stores);
    format!("{latitude:.4},{longitude:.4}")
}

fn store(shape: Shape, n: u64) -> String {
    shape::store(n % shape.stores)
}

/// One that stores have.
fn sku(shape: Shape, n: u64) -> String {
    shape::sku(n % shape.skus_per_store)
}

fn product(shape: Shape, n: u64) -> String {
    shape::product(shape::product_of(n % shape.skus_per_store))
}

fn bag(shape: Shape, n: u64) -> String {
    let skus: Vec<String> = (0..5).map(|more| sku(shape, n + more * 7)).collect();
    let stores: Vec<String> = (0..5).map(|more| store(shape, n + more * 11)).collect();
    format!("/v1/stock?sku={}&store_id={}", skus.join(","), stores.join(","))
}

/// All of them.
pub const QUESTIONS: [Question; 19] = [
    Question {
        name: "one SKU in one store",
        path: |shape, n| format!("/v1/stores/{}/stock/{}", store(shape, n), sku(shape, n)),
    },
    Question { name: "stores with a SKU", path: |shape, n| format!("/v1/skus/{}/stores", sku(shape, n)) },
    Question {
        name: NEAREST,
        path: |shape, n| format!("/v1/skus/{}/stores?near={}", sku(shape, n), near(shape, n)),
    },
    Question {
        name: "availability of a product",
        path: |shape, n| format!("/v1/products/{}/availability?near={}", product(shape, n), near(shape, n)),
    },
    Question {
        name: "the same as JSON-LD",
        path: |shape, n| format!("/v1/products/{}/jsonld?near={}", product(shape, n), near(shape, n)),
    },
    Question { name: "a bag of 5 in 5 stores", path: bag },
    Question {
        name: "search, common word",
        path: |_, n| {
            format!(
                "/v1/products?brand={BRAND}&q={}",
                text(["コットン", "ウール", "シルク"][(n % 3) as usize])
            )
        },
    },
    Question {
        name: "search, three words",
        path: |shape, n| format!("/v1/products?brand={BRAND}&q={}", text(&shape::name(n % shape.products))),
    },
    Question {
        name: "search, by code",
        path: |shape, n| format!("/v1/products?brand={BRAND}&q=P{:06}", n % shape.products),
    },
    Question {
        name: "search, in stock near",
        path: |shape, n| {
            format!("/v1/products?brand={BRAND}&q={}&in_stock_near={}", text("ニット"), near(shape, n))
        },
    },
    Question {
        name: "stores near",
        path: |shape, n| format!("/v1/stores?brand={BRAND}&near={}", near(shape, n)),
    },
    Question { name: "one store", path: |shape, n| format!("/v1/stores/{}", store(shape, n)) },
    Question {
        name: "one reservation",
        path: |shape, n| format!("/v1/reservations/{}", shape::reservation(n % shape.reservations)),
    },
    Question {
        name: "its history",
        path: |shape, n| format!("/v1/reservations/{}/history", shape::reservation(n % shape.reservations)),
    },
    Question {
        name: "reservations of a store",
        path: |shape, n| format!("/v1/stores/{}/reservations", store(shape, n)),
    },
    Question {
        name: "the same by telephone",
        path: |shape, n| {
            let n = n % shape.reservations;
            let end: Vec<char> = shape::phone_reversed(n).chars().take(4).collect();
            let end: String = end.into_iter().rev().collect();
            format!("/v1/stores/{}/reservations/search?phone_end={end}", store(shape, n))
        },
    },
    Question { name: "pick list", path: |shape, n| format!("/v1/stores/{}/pick-list", store(shape, n)) },
    Question {
        name: "low stock of a store",
        path: |shape, n| format!("/v1/stores/{}/stock?max_in_store=2", store(shape, n)),
    },
    Question {
        name: "shortfalls of a store",
        path: |shape, n| format!("/v1/stores/{}/shortfalls", store(shape, n)),
    },
];
