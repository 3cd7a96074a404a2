//! Pictures of every page and state, as shoppers and staff see them, for people to look at.
//!
//! Owns what is photographed, on the demo data. It must never say whether a page is right: tests do.

mod camera;
mod counter;
mod data;
mod shopper;
mod trouble;

use std::path::Path;

use anyhow::Result;

use crate::browser::{Chromium, Look};
use crate::stack::Stack;
use camera::Camera;
use data::Data;

/// What the pages are looked at in: both languages, on a phone and on a screen; in the dark once each; on the narrowest
/// phone, and on a screen of which everything is twice as large.
const LOOKS: [Look; 8] = [
    Look::phone("ja"),
    Look::desk("ja"),
    Look::phone("en"),
    Look::desk("en"),
    Look { dark: true, ..Look::phone("ja") },
    Look { dark: true, ..Look::desk("en") },
    Look { width: 320, height: 568, ..Look::phone("ja") },
    Look { width: 640, height: 450, ..Look::desk("en") },
];

/// Takes all pictures of a stack with the demo data, and puts them into a directory; answers how many there are.
///
/// # Errors
/// When a page does not become what is to be photographed.
pub async fn take(stack: &mut Stack, chromium: &Chromium, dir: &Path) -> Result<usize> {
    let data = Data::of(stack)?;
    data.fill_the_day().await?;
    let mut taken = 0;
    for look in LOOKS {
        let phone = Camera::new(stack, chromium, look, dir).await?;
        let counter = Camera::new(stack, chromium, look, dir).await?;
        shopper::browse(&phone).await?;
        shopper::meet_refusals(&phone, &data).await?;
        let hold = shopper::place(&phone).await?;
        shopper::change_their_mind(&phone).await?;
        counter::sign_in(&counter).await?;
        counter::work(&counter, &hold).await?;
        counter::make_ready(&counter, &hold).await?;
        shopper::see_ready(&phone).await?;
        counter::collect(&counter, &hold).await?;
        shopper::see_collected(&phone).await?;
        counter::be_late(&counter, &data).await?;
        counter::stay_too_long(&counter).await?;
        counter::enter_elsewhere(&counter).await?;
        shopper::get_lost(&phone).await?;
        taken += phone.close().await? + counter.close().await?;
    }
    Ok(taken + trouble::take(stack, chromium, &data, dir).await?)
}
