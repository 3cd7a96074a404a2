//! How much there is, in the words that others have for it.

/// Up to how many pieces are few: by what Google calls limited availability (Merchant Center help, "About inventory
/// availability": 2 items or less).
const FEW: i32 = 2;

/// How much there is for whoever comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Supply {
    Nothing,
    Few,
    Enough,
}

impl Supply {
    pub(crate) fn of(in_store: i32) -> Self {
        match in_store {
            ..=0 => Self::Nothing,
            1..=FEW => Self::Few,
            _ => Self::Enough,
        }
    }
}
