//! Where a shopper is, as far as they say, and the stores that are shown to them.

use contracts::Brand;

use super::cities::{self, City};
use super::frame::Visit;
use super::words::Words;
use crate::read::geo::{Circle, Point};
use crate::read::stores::{self, Store, Wanted};
use crate::read::{Error, Session, places};

/// How far is looked, in kilometres: an hour's way; where nothing is so near, a day's.
const RADII_KM: [f64; 2] = [50.0, 200.0];
/// Most stores that a page shows: more than anybody goes to, and a first view stays small.
pub(crate) const MAX_STORES: u32 = 12;

/// Where a shopper is.
pub(crate) enum Place {
    /// They did not say.
    Anywhere,
    /// Where their browser says that they are.
    Near(Point),
    /// In a place that has a name.
    City(&'static City, Point),
    /// In a place of which we know nothing.
    Unknown(String),
}

impl Place {
    /// Where the address says that the visitor is. What was typed in counts for more than where the browser is.
    pub(crate) fn of(visit: &Visit) -> Self {
        if let Some(typed) = visit.asked("place") {
            let city = cities::called(typed).and_then(|city| Some((city, city.point()?)));
            return city.map_or_else(|| Self::Unknown(typed.to_owned()), |(city, at)| Self::City(city, at));
        }
        visit.asked("near").and_then(point).map_or(Self::Anywhere, Self::Near)
    }

    /// The point, where there is one.
    pub(crate) fn point(&self) -> Option<Point> {
        match self {
            Self::Near(at) | Self::City(_, at) => Some(*at),
            Self::Anywhere | Self::Unknown(_) => None,
        }
    }

    /// What the place is called above a list of stores.
    pub(crate) fn title(&self, visit: &Visit) -> String {
        let shop = Words::of(visit.lang).shop;
        match self {
            Self::Anywhere | Self::Unknown(_) => shop.stores.to_string(),
            Self::Near(_) => shop.stores_near_you.to_string(),
            Self::City(city, _) => shop.stores_near.with("place", city.name(visit.lang)).to_string(),
        }
    }

    /// What was typed in and is no place that we know.
    pub(crate) fn unknown(&self) -> Option<&str> {
        match self {
            Self::Unknown(typed) => Some(typed),
            Self::Anywhere | Self::Near(_) | Self::City(..) => None,
        }
    }
}

/// What is said below so many stores, where there may be others.
pub(crate) fn others(shown: usize, visit: &Visit) -> Option<String> {
    let is_full = shown == MAX_STORES as usize;
    is_full.then(|| Words::of(visit.lang).shop.stores_most.with("n", MAX_STORES).to_string())
}

fn point(text: &str) -> Option<Point> {
    let (latitude, longitude) = text.split_once(',')?;
    Point::new(latitude.trim().parse().ok()?, longitude.trim().parse().ok()?)
}

/// The brand's stores around a place, the nearest in front, with their distance in millimetres; without a place, or with
/// none near it, the first ones.
pub(crate) async fn stores_around(
    session: &mut Session,
    brand: &Brand,
    place: &Place,
) -> Result<Vec<(Option<u64>, Store)>, Error> {
    if let Some(centre) = place.point() {
        for radius_km in RADII_KM {
            let places = places::around(session, brand, Circle { centre, radius_km }).await?;
            let wanted = Wanted { sku: None, open_at: None, after: None, limit: MAX_STORES };
            let page = stores::near(session, &places, &wanted).await?;
            if !page.rows.is_empty() {
                return Ok(page.rows.into_iter().map(|near| (Some(near.distance_mm), near.store)).collect());
            }
        }
    }
    let first = stores::first(session, brand, MAX_STORES).await?;
    Ok(first.into_iter().map(|store| (None, store)).collect())
}
