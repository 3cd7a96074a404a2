//! Places on the Earth: how far apart they are, and which ranges of the index hold what is within a circle.
//!
//! Pure. Distances are great circles on the sphere that is curved as the ellipsoid (WGS 84) is there (Gauss): within
//! 0.35 % of the ellipsoid's for whatever fits into a circle, and within 0.5 % of those on any usual sphere.

/// How many bands a degree of latitude has; `latitude_band` of the table `stores` is made with it.
const BANDS_PER_DEGREE: f64 = 8.0;
/// Shorter half of the ellipsoid's axis, in kilometres: the least radius of all the spheres that distances are told on.
const LEAST_RADIUS_KM: f64 = 6356.752;
/// The ellipsoid's squared eccentricity.
const ECCENTRICITY_SQUARED: f64 = 0.006_694_38;
/// Degrees that a box is wider than its circle: rounding must lose nobody. A millionth is a hand's width.
const SLACK_DEGREES: f64 = 1e-6;
/// Millimetres of a kilometre. Distances are compared in whole ones, so that a cursor holds them exactly.
const MM_PER_KM: f64 = 1e6;

/// A place, in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    latitude: f64,
    longitude: f64,
}

impl Point {
    /// A place, where these numbers are one.
    pub(crate) fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let is_there = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        is_there.then_some(Self { latitude, longitude })
    }

    /// In degrees, from the equator to the north.
    pub(crate) fn latitude(self) -> f64 {
        self.latitude
    }

    /// In degrees, from Greenwich to the east.
    pub(crate) fn longitude(self) -> f64 {
        self.longitude
    }

    /// How far it is to another place, along the surface, in millimetres.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most half the Earth, and never less than 0"
    )]
    pub(crate) fn distance_mm(self, other: Self) -> u64 {
        let (here, there) = (self.latitude.to_radians(), other.latitude.to_radians());
        let up = ((there - here) / 2.0).sin();
        let aside = ((other.longitude - self.longitude).to_radians() / 2.0).sin();
        let haversine = up * up + here.cos() * there.cos() * aside * aside;
        let middle = ((here + there) / 2.0).sin();
        let radius_km = LEAST_RADIUS_KM / (1.0 - ECCENTRICITY_SQUARED * middle * middle);
        (2.0 * haversine.sqrt().min(1.0).asin() * radius_km * MM_PER_KM).round() as u64
    }
}

/// Everything that is no further from a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Circle {
    pub(crate) centre: Point,
    pub(crate) radius_km: f64,
}

/// Ranges of the index that hold a circle, and more than it where its corners are.
#[derive(Debug, PartialEq)]
pub(super) struct Boxes {
    /// Each is a range by itself.
    pub(super) bands: Vec<i16>,
    pub(super) latitudes: (f64, f64),
    /// The second is there where the circle crosses the antimeridian.
    pub(super) longitudes: ((f64, f64), Option<(f64, f64)>),
}

impl Circle {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and far below 2^53"
    )]
    pub(super) fn radius_mm(self) -> u64 {
        (self.radius_km * MM_PER_KM).round() as u64
    }

    pub(super) fn boxes(self) -> Boxes {
        let Point { latitude, longitude } = self.centre;
        let angle = self.radius_km / LEAST_RADIUS_KM;
        let up = angle.to_degrees() + SLACK_DEGREES;
        let latitudes = ((latitude - up).max(-90.0), (latitude + up).min(90.0));
        let aside = if latitude.abs() + up >= 90.0 {
            // The pole is in the circle, and with it every longitude.
            180.0
        } else {
            (angle.sin() / latitude.to_radians().cos()).min(1.0).asin().to_degrees() + SLACK_DEGREES
        };
        let (west, east) = (longitude - aside, longitude + aside);
        let longitudes = if aside >= 180.0 {
            ((-180.0, 180.0), None)
        } else if west < -180.0 {
            ((west + 360.0, 180.0), Some((-180.0, east)))
        } else if east > 180.0 {
            ((west, 180.0), Some((-180.0, east - 360.0)))
        } else {
            ((west, east), None)
        };
        Boxes { bands: (band(latitudes.0)..=band(latitudes.1)).collect(), latitudes, longitudes }
    }
}

/// As the database makes it.
#[allow(clippy::cast_possible_truncation, reason = "at most 720")]
fn band(latitude: f64) -> i16 {
    (latitude * BANDS_PER_DEGREE).floor() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(latitude: f64, longitude: f64) -> Point {
        Point::new(latitude, longitude).unwrap()
    }

    #[test]
    fn distances_are_right_to_half_a_percent() {
        // By Karney's algorithm on WGS 84.
        for (from, to, km) in [
            ((35.681_236, 139.767_125), (35.658_034, 139.701_636), 6.457),
            ((35.681_236, 139.767_125), (34.702_485, 135.495_951), 403.5),
            ((0.0, 0.0), (1.0, 0.0), 110.574),
            ((0.0, 0.0), (0.0, 1.0), 111.320),
            ((60.0, 10.0), (60.0, 11.0), 55.800),
            ((89.0, 0.0), (90.0, 0.0), 111.694),
            ((89.9, 0.0), (89.9, 180.0), 22.339),
            ((-17.0, 179.9), (-17.0, -179.9), 21.301),
            ((-45.0, 170.0), (-46.0, 170.0), 111.141),
            ((35.0, 139.0), (35.0, 139.0), 0.0),
        ] {
            let told = point(from.0, from.1).distance_mm(point(to.0, to.1)) as f64 / MM_PER_KM;
            assert!((told - km).abs() <= km * 0.0045, "{from:?} to {to:?}: {told}, not {km}");
        }
    }

    #[test]
    fn what_is_no_place_is_none() {
        for (latitude, longitude) in
            [(90.1, 0.0), (-90.1, 0.0), (0.0, 180.1), (999.0, 999.0), (f64::NAN, 0.0), (0.0, f64::INFINITY)]
        {
            assert_eq!(Point::new(latitude, longitude), None);
        }
    }

    /// Walks around circles all over the Earth: whatever is inside is in the boxes.
    #[test]
    fn boxes_hold_their_circles() {
        let holds = |boxes: &Boxes, at: Point| {
            let within = |(low, high): (f64, f64), value: f64| low <= value && value <= high;
            boxes.bands.contains(&band(at.latitude))
                && within(boxes.latitudes, at.latitude)
                && (within(boxes.longitudes.0, at.longitude)
                    || boxes.longitudes.1.is_some_and(|second| within(second, at.longitude)))
        };
        let mut inside = 0;
        for latitude in [-90.0, -89.95, -60.0, -17.0, 0.0, 0.01, 35.68, 71.0, 88.5, 89.99, 90.0] {
            for longitude in [-180.0, -179.99, -90.0, 0.0, 139.7, 179.9, 180.0] {
                for radius_km in [0.1, 3.0, 50.0, 200.0] {
                    let circle = Circle { centre: point(latitude, longitude), radius_km };
                    let boxes = circle.boxes();
                    for step in 0..40_u32 {
                        for part in [0.3, 0.9, 0.999] {
                            let turn = f64::from(step) / 40.0 * std::f64::consts::TAU;
                            let at = moved(circle.centre, turn, radius_km * part);
                            if circle.centre.distance_mm(at) <= circle.radius_mm() {
                                inside += 1;
                                assert!(holds(&boxes, at), "{circle:?} {at:?} {boxes:?}");
                            }
                        }
                    }
                }
            }
        }
        assert!(inside > 25_000, "{inside}");
    }

    /// The place so far away in that direction.
    fn moved(from: Point, turn: f64, km: f64) -> Point {
        let (latitude, angle) = (from.latitude.to_radians(), km / 6371.0);
        let to = (latitude.sin() * angle.cos() + latitude.cos() * angle.sin() * turn.cos()).asin();
        let aside =
            (turn.sin() * angle.sin() * latitude.cos()).atan2(angle.cos() - latitude.sin() * to.sin());
        let longitude = (from.longitude + aside.to_degrees() + 540.0).rem_euclid(360.0) - 180.0;
        point(to.to_degrees().clamp(-90.0, 90.0), longitude)
    }
}
