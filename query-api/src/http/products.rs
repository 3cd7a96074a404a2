//! Answers about products.

use std::collections::{BTreeMap, HashSet};

use axum::extract::State;
use contracts::search::fold;
use contracts::{Brand, ProductCode};
use platform::Problem;
use platform::extract::Query;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Dated;
use super::availability::SkuOut;
use super::names::NameOut;
use super::near;
use super::params::ProductsParams;
use super::reader::Reader;
use super::{CursorKey, codes};
use crate::read::geo::Circle;
use crate::read::products::SkuOf;
use crate::read::search::{self, Found};
use crate::read::{self, Error, Session, counts};

/// Stores that "in stock near me" asks, the nearest ones: each is asked for every SKU that was found.
const MAX_STORES_ASKED: usize = 10;
/// Most values of a facet, the most frequent: more fit into no list of choices.
const MAX_VALUES: usize = 50;

/// A product that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProductOut {
    #[schema(value_type = ProductCode)]
    product_code: String,
    name: NameOut,
    /// Those that are of the colour and size asked for, and in stock near there.
    skus: Vec<SkuOut>,
}

/// A colour, and how many of the products that were found have it.
#[derive(Debug, Serialize, ToSchema)]
struct ColourOut {
    colour: NameOut,
    products: u32,
}

/// A size, and how many of the products that were found have it.
#[derive(Debug, Serialize, ToSchema)]
struct SizeOut {
    size: String,
    products: u32,
}

/// What the products found could be narrowed down to, the most frequent in front. Colours are counted as if no colour was
/// asked for, and sizes as if no size was.
#[derive(Debug, Serialize, ToSchema)]
struct FacetsOut {
    colours: Vec<ColourOut>,
    sizes: Vec<SizeOut>,
}

/// Products, in the order of their codes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProductsOut {
    products: Vec<ProductOut>,
    facets: FacetsOut,
    /// Whether products and facets are of all that there is. Otherwise they are of the first ones, 200 at most: search for
    /// more words.
    complete: bool,
    /// For the page behind this one; `null` on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// Search a brand's products
///
/// By all the words of `q`, in their names and colours: kana, width and capitals do not matter, and parts of words are found
/// too, from three Latin letters or two kana on. A product's code, a SKU or a GTIN (JAN) finds exactly its product.
#[utoipa::path(
    get, path = "/v1/products", tag = "products", params(ProductsParams),
    responses((status = 200, description = "A page of products.", body = Dated<ProductsOut>), codes::Products),
    security(())
)]
pub(super) async fn search(
    State(cursors): State<CursorKey>,
    Query(params): Query<ProductsParams>,
    reader: Reader,
) -> Result<Dated<ProductsOut>, Problem> {
    let circle = match (params.in_stock_near, params.radius_km) {
        (Some(near), radius) => Some(near::circle(near, radius.unwrap_or_default())),
        (None, None) => None,
        (None, Some(_)) => return Err(near::needs("radius_km", "in_stock_near")),
    };
    let (brand, q) = (&params.brand, params.q.as_str());
    let narrowed = format!("{:?}", (&params.colour, &params.size, circle.map(near::in_question)));
    let question = ["products", brand.as_str(), q, &narrowed];
    let after: Option<ProductCode> =
        cursors.decode(&question, params.cursor.as_ref(), |[code]: [&str; 1]| code.parse().ok())?;

    let mut session = reader.session().await?;
    let matches = search::matches(&mut session, brand, q).await?;
    let mut found = matches.found;
    if let Some(circle) = circle {
        keep_in_stock(&mut session, brand, circle, &mut found).await?;
    }
    let as_of = session.end();

    let wanted = Wanted {
        colour: params.colour.as_ref().map(|colour| fold(colour.as_str())),
        size: params.size.as_ref().map(|size| fold(size.as_str())),
    };
    let facets = facets(&found, &wanted);
    for product in &mut found {
        product.skus.retain(|sku| wanted.has_colour(sku) && wanted.has_size(sku));
    }
    // A product without SKUs is found as long as nothing is asked of them.
    let asks = wanted.colour.is_some() || wanted.size.is_some() || circle.is_some();
    found.retain(|product| !asks || !product.skus.is_empty());
    found.retain(|product| {
        after.as_ref().is_none_or(|after| product.product.product_code.as_str() > after.as_str())
    });
    let limit = usize::try_from(params.limit.get()).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|last| cursors.encode(&question, &[&last.product.product_code]));
    let products = found.into_iter().map(ProductOut::from).collect();
    Ok(Dated { answer: ProductsOut { products, facets, complete: matches.complete, next_cursor }, as_of })
}

impl From<Found> for ProductOut {
    fn from(Found { product, skus }: Found) -> Self {
        Self {
            product_code: product.product_code,
            name: NameOut { ja: product.name_ja, en: product.name_en },
            skus: skus.into_iter().map(SkuOut::from).collect(),
        }
    }
}

/// Leaves the SKUs that one of the nearest stores has, and the products that have one.
async fn keep_in_stock(
    session: &mut Session,
    brand: &Brand,
    circle: Circle,
    found: &mut Vec<Found>,
) -> Result<(), Error> {
    let places = read::places::around(session, brand, circle).await?.places;
    let stores: Vec<&str> =
        places.iter().take(MAX_STORES_ASKED).map(|place| place.store_id.as_str()).collect();
    let skus: Vec<&str> = found.iter().flat_map(|found| &found.skus).map(|sku| sku.sku.as_str()).collect();
    let offers = counts::offers(session, &stores, &skus).await?;
    let offered: HashSet<String> =
        offers.into_iter().filter(|(_, offer)| offer.in_store > 0).map(|((_, sku), _)| sku).collect();
    for product in &mut *found {
        product.skus.retain(|sku| offered.contains(&sku.sku));
    }
    found.retain(|product| !product.skus.is_empty());
    Ok(())
}

/// What is asked of a SKU, folded.
struct Wanted {
    colour: Option<String>,
    size: Option<String>,
}

impl Wanted {
    fn has_colour(&self, sku: &SkuOf) -> bool {
        let is = |wanted: &String| {
            [&sku.colour_ja, &sku.colour_en].into_iter().flatten().any(|has| fold(has) == *wanted)
        };
        self.colour.as_ref().is_none_or(is)
    }

    fn has_size(&self, sku: &SkuOf) -> bool {
        self.size.as_ref().is_none_or(|wanted| sku.size.as_ref().is_some_and(|has| fold(has) == *wanted))
    }
}

fn facets(found: &[Found], wanted: &Wanted) -> FacetsOut {
    let colours = found.iter().map(|product| {
        let of_size = product.skus.iter().filter(|sku| wanted.has_size(sku));
        of_size.map(|sku| (sku.colour_ja.clone(), sku.colour_en.clone())).collect::<HashSet<_>>()
    });
    let sizes = found.iter().map(|product| {
        let of_colour = product.skus.iter().filter(|sku| wanted.has_colour(sku));
        of_colour.filter_map(|sku| sku.size.clone()).collect::<HashSet<_>>()
    });
    let colour = |((ja, en), products)| Some(ColourOut { colour: NameOut::known(ja, en)?, products });
    FacetsOut {
        colours: counted(colours).into_iter().filter_map(colour).collect(),
        sizes: counted(sizes).into_iter().map(|(size, products)| SizeOut { size, products }).collect(),
    }
}

/// How many products have each value, the most frequent in front.
fn counted<V: Ord + Clone>(products: impl Iterator<Item = HashSet<V>>) -> Vec<(V, u32)> {
    let mut counts: BTreeMap<V, u32> = BTreeMap::new();
    for value in products.flatten() {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<(V, u32)> = counts.into_iter().collect();
    counts.sort_by(|(_, one), (_, other)| other.cmp(one));
    counts.truncate(MAX_VALUES);
    counts
}
