//! Phrases of the screen for staff.

use super::words;

words! {
    /// What the screen for staff says.
    Staff {
        title: "店舗スタッフ", "Store staff";
    }
}
