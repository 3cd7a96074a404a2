//! A store as pages show it.

use chrono::{DateTime, Utc};

use super::frame::Visit;
use super::hours::{self, OpenView};
use super::map::Located;
use super::words::Words;
use crate::http::{Supply, kilometres};
use crate::read::counts::{Offer, Offering};
use crate::read::geo::Point;
use crate::read::products::SkuOf;
use crate::read::stores::Store;

/// Kilometres up to which a distance is told in metres.
const TOLD_IN_METRES: f64 = 1.0;
/// Kilometres up to which a distance is told with a decimal.
const TOLD_EXACTLY: f64 = 10.0;

/// A store, and what it has of the SKU that is chosen.
pub(crate) struct StoreView {
    pub(crate) number: usize,
    pub(crate) store_id: String,
    pub(crate) name: String,
    pub(crate) address_text: String,
    pub(crate) link: String,
    pub(crate) distance: Option<String>,
    pub(crate) open: Option<OpenView>,
    pub(crate) class: &'static str,
    pub(crate) count: String,
    at: Option<Point>,
}

impl StoreView {
    /// With its place in the list.
    pub(crate) fn of(
        number: usize,
        offering: &Offering,
        chosen: Option<&SkuOf>,
        visit: &Visit,
        now: DateTime<Utc>,
    ) -> Self {
        let Offering { distance_mm, store, offers } = offering;
        let offer = chosen.and_then(|sku| offers.iter().find(|(offered, _)| *offered == sku.sku));
        let (class, count) = count(offer.map(|(_, offer)| *offer), visit);
        Self { class, count, ..Self::without_stock(number, (*distance_mm, store), visit, now) }
    }

    /// A store alone, with how far away it is.
    pub(crate) fn without_stock(
        number: usize,
        (distance_mm, store): (Option<u64>, &Store),
        visit: &Visit,
        now: DateTime<Utc>,
    ) -> Self {
        let lang = visit.lang;
        Self {
            number,
            store_id: store.store_id.clone(),
            name: lang.pick(store.name_ja.as_deref(), store.name_en.as_deref()).to_owned(),
            address_text: lang.pick(store.address_ja.as_deref(), store.address_en.as_deref()).to_owned(),
            link: visit.to(&format!("/stores/{}", store.store_id)),
            distance: distance_mm.map(|distance| told(distance, visit)),
            open: hours::open(store, now, lang),
            class: "",
            count: String::new(),
            at: store
                .latitude
                .zip(store.longitude)
                .and_then(|(latitude, longitude)| Point::new(latitude, longitude)),
        }
    }

    /// For a map.
    pub(crate) fn located(&self) -> Option<Located> {
        self.at.map(|at| (self.number, self.store_id.clone(), self.name.clone(), at))
    }
}

/// How much there is, in words, and the class that gives them their colour.
fn count(offer: Option<Offer>, visit: &Visit) -> (&'static str, String) {
    let shop = Words::of(visit.lang).shop;
    let Some(offer) = offer else { return ("never", shop.never.to_string()) };
    match Supply::of(offer.in_store) {
        Supply::Nothing => ("none", shop.none.to_string()),
        Supply::Few | Supply::Enough if offer.available == 0 => ("many", shop.only_there.to_string()),
        Supply::Few => ("few", shop.few.with("n", offer.in_store).to_string()),
        Supply::Enough => ("many", shop.many.to_string()),
    }
}

/// A distance as people say it.
fn told(distance_mm: u64, visit: &Visit) -> String {
    let shop = Words::of(visit.lang).shop;
    let km = kilometres(distance_mm);
    if km < TOLD_IN_METRES {
        // To ten metres, and never nothing.
        let metres = ((km * 100.0).ceil() * 10.0).max(10.0);
        shop.metres.with("n", format!("{metres:.0}")).to_string()
    } else if km < TOLD_EXACTLY {
        shop.km.with("n", format!("{km:.1}")).to_string()
    } else {
        shop.km.with("n", format!("{km:.0}")).to_string()
    }
}
