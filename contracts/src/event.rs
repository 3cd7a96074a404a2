//! Names of events.

use crate::events::envelope::Event;

/// The event's name, as people and filters know it.
#[must_use]
pub fn event_type(event: &Event) -> &'static str {
    match event {
        Event::StoreDefined(_) => "StoreDefined",
        Event::ProductDefined(_) => "ProductDefined",
        Event::StockCounted(_) => "StockCounted",
        Event::StockAdjusted(_) => "StockAdjusted",
        Event::ReservationHeld(_) => "ReservationHeld",
        Event::ReservationMadeReady(_) => "ReservationMadeReady",
        Event::ReservationCollected(_) => "ReservationCollected",
        Event::ReservationCancelled(_) => "ReservationCancelled",
        Event::ReservationExtended(_) => "ReservationExtended",
        Event::ReservationExpired(_) => "ReservationExpired",
        Event::ReservationAnonymised(_) => "ReservationAnonymised",
        Event::StockShortfallDetected(_) => "StockShortfallDetected",
        Event::StockShortfallResolved(_) => "StockShortfallResolved",
    }
}
