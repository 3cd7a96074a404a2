//! A small map, drawn from coordinates alone: nobody else is asked for one.

use crate::read::geo::Point;

/// Width of a map, in its own units.
const WIDTH: f64 = 320.0;
/// Height of a map.
const HEIGHT: f64 = 220.0;
/// Room at its edges for dots and their numbers.
const EDGE: f64 = 24.0;
/// Least width of what a map shows, in degrees: some hundred metres, where there is one store.
const LEAST_DEGREES: f64 = 0.008;
/// Most stores of a map, the nearest: more numbers cannot be told apart.
const MAX_DOTS: usize = 8;
/// Kilometres of a degree from south to north.
const KM_PER_DEGREE: f64 = 111.2;
/// Lengths that a scale may have, in kilometres.
const SCALES_KM: [f64; 10] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 200.0];
/// Widest scale, as a part of the map.
const SCALE_PART: f64 = 0.4;

/// A map.
pub(crate) struct Map {
    pub(crate) dots: Vec<Dot>,
    /// Where the shopper is.
    pub(crate) here: Option<(String, String)>,
    /// Right end of the scale, which begins at the left edge, and its length.
    pub(crate) scale: Option<(String, String)>,
}

/// A store on a map.
pub(crate) struct Dot {
    pub(crate) x: String,
    pub(crate) y: String,
    /// What stands in it, as in front of the store in the list.
    pub(crate) number: usize,
    pub(crate) store_id: String,
    pub(crate) name: String,
}

/// A store with a position: its number, id, name, latitude and longitude.
pub(crate) type Located = (usize, String, String, Point);

/// Draws it; `None` where there is nothing to see: a single place is near to nothing.
pub(crate) fn draw(stores: Vec<Located>, here: Option<Point>) -> Option<Map> {
    let stores: Vec<Located> = stores.into_iter().take(MAX_DOTS).collect();
    let points: Vec<Point> = stores.iter().map(|(.., at)| *at).chain(here).collect();
    let [first, _, ..] = points.as_slice() else { return None };
    let bounds = points.iter().fold(
        [first.latitude(), first.latitude(), first.longitude(), first.longitude()],
        |[s, n, w, e], at| {
            [s.min(at.latitude()), n.max(at.latitude()), w.min(at.longitude()), e.max(at.longitude())]
        },
    );
    let [south, north, west, east] = bounds;
    // A degree from west to east is shorter the farther north it is.
    let squeeze = ((south + north) / 2.0).to_radians().cos().max(0.01);
    let width = ((east - west) * squeeze).max(LEAST_DEGREES);
    let height = (north - south).max(LEAST_DEGREES);
    let scale = ((WIDTH - 2.0 * EDGE) / width).min((HEIGHT - 2.0 * EDGE) / height);
    let place = |at: Point| {
        let x = WIDTH / 2.0 + (at.longitude() - f64::midpoint(west, east)) * squeeze * scale;
        let y = HEIGHT / 2.0 - (at.latitude() - f64::midpoint(south, north)) * scale;
        (format!("{x:.1}"), format!("{y:.1}"))
    };
    let dots = stores.into_iter().map(|(number, store_id, name, at)| {
        let (x, y) = place(at);
        Dot { x, y, number, store_id, name }
    });
    let per_km = scale / KM_PER_DEGREE;
    let km = SCALES_KM.into_iter().rev().find(|km| km * per_km <= WIDTH * SCALE_PART);
    let told = |km: f64| if km < 1.0 { format!("{:.0} m", km * 1_000.0) } else { format!("{km:.0} km") };
    Some(Map {
        dots: dots.collect(),
        here: here.map(place),
        scale: km.map(|km| (format!("{:.1}", 12.0 + km * per_km), told(km))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(number: usize, latitude: f64, longitude: f64) -> Located {
        (number, String::new(), String::new(), Point::new(latitude, longitude).unwrap())
    }

    #[test]
    fn everything_is_on_the_map_and_north_is_up() {
        for stores in [
            vec![located(1, 35.66, 139.70), located(2, 35.70, 139.58), located(3, 35.44, 139.65)],
            vec![located(1, 43.06, 141.35), located(2, 26.21, 127.68)],
            vec![located(1, 35.0, 139.0), located(2, 35.0, 139.0)],
            vec![located(1, 90.0, 0.0), located(2, 89.9, 180.0)],
        ] {
            let map = draw(stores, Point::new(35.6, 139.7)).unwrap();
            for dot in &map.dots {
                let (x, y): (f64, f64) = (dot.x.parse().unwrap(), dot.y.parse().unwrap());
                assert!((EDGE - 0.1..=WIDTH - EDGE + 0.1).contains(&x), "{x}");
                assert!((EDGE - 0.1..=HEIGHT - EDGE + 0.1).contains(&y), "{y}");
            }
        }
        let map = draw(vec![located(1, 36.0, 139.0), located(2, 35.0, 140.0)], None).unwrap();
        let at = |n: usize| (map.dots[n].x.parse::<f64>().unwrap(), map.dots[n].y.parse::<f64>().unwrap());
        assert!(at(0).0 < at(1).0 && at(0).1 < at(1).1);
        // A degree of latitude is 111 km and fills the height here.
        assert_eq!(map.scale.unwrap().1, "50 km");
    }

    #[test]
    fn one_place_alone_is_no_map() {
        assert!(draw(vec![located(1, 35.0, 139.0)], None).is_none());
        assert!(draw(Vec::new(), None).is_none());
    }
}
