//! A brand's stores around a place, nearest first.

use contracts::{Brand, StoreId};
use sqlx::{MySql, QueryBuilder, Row};

use super::geo::{Circle, Point};
use super::list::push_list;
use super::{Error, Session};

/// Most stores that one question looks at: a chain's all, and some milliseconds' work. Where more are within the radius,
/// it is halved: nobody walks past two thousand shops.
const MAX_PLACES: usize = 2_000;
/// How often a radius is halved at most: from the largest one to a building, of which the first stores will do.
const MAX_HALVINGS: u32 = 10;

/// Where a store is, seen from where the caller is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) distance_mm: u64,
    pub(crate) store_id: String,
}

/// Where a page of stores starts: behind this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AfterPlace {
    pub(crate) distance_mm: u64,
    pub(crate) store_id: StoreId,
}

/// The stores in a circle.
pub(crate) struct Places {
    /// Nearest first.
    pub(crate) places: Vec<Place>,
    /// How far was looked; less than asked for where there are too many stores.
    pub(crate) radius_km: f64,
}

impl Places {
    /// Those that come behind.
    pub(super) fn behind(&self, after: Option<&AfterPlace>) -> &[Place] {
        let start = after.map_or(0, |after| {
            let after = (after.distance_mm, after.store_id.as_str());
            self.places.partition_point(|place| (place.distance_mm, place.store_id.as_str()) <= after)
        });
        self.places.get(start..).unwrap_or_default()
    }
}

/// The brand's stores in the circle, nearest first.
pub(crate) async fn around(
    session: &mut Session,
    brand: &Brand,
    mut circle: Circle,
) -> Result<Places, Error> {
    let mut found = in_boxes(session, brand, circle).await?;
    for _ in 0..MAX_HALVINGS {
        if found.len() <= MAX_PLACES {
            break;
        }
        circle.radius_km /= 2.0;
        found = in_boxes(session, brand, circle).await?;
    }
    let place = |(store_id, at)| Place { distance_mm: circle.centre.distance_mm(at), store_id };
    let mut places: Vec<Place> = found.into_iter().map(place).collect();
    places.retain(|place| place.distance_mm <= circle.radius_mm());
    places.sort_unstable();
    Ok(Places { places, radius_km: circle.radius_km })
}

/// Sorted by us, because the database would sort all that it finds for every page.
async fn in_boxes(
    session: &mut Session,
    brand: &Brand,
    circle: Circle,
) -> Result<Vec<(String, Point)>, Error> {
    let boxes = circle.boxes();
    let mut query = QueryBuilder::<MySql>::new(
        "SELECT store_id, latitude, longitude FROM stores FORCE INDEX (by_place) WHERE brand = ",
    );
    query.push_bind(brand.as_str().to_owned()).push(" AND latitude_band IN ");
    push_list(&mut query, boxes.bands);
    let ((west, east), second) = boxes.longitudes;
    query.push(" AND (longitude BETWEEN ").push_bind(west).push(" AND ").push_bind(east);
    if let Some((west, east)) = second {
        query.push(" OR longitude BETWEEN ").push_bind(west).push(" AND ").push_bind(east);
    }
    let (south, north) = boxes.latitudes;
    query.push(") AND latitude BETWEEN ").push_bind(south).push(" AND ").push_bind(north);
    query.push(" LIMIT ").push_bind(u32::try_from(MAX_PLACES + 1).unwrap_or(u32::MAX));
    let rows = session.rows(query.build()).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        // The column is in the index, so it is not NULL; what is no place is nowhere near.
        if let Some(at) = Point::new(row.try_get("latitude")?, row.try_get("longitude")?) {
            found.push((row.try_get("store_id")?, at));
        }
    }
    Ok(found)
}
