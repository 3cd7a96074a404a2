//! Numbers of pieces.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// A number of pieces out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not in 1..=[`Quantity::MAX`].
    #[error("quantity must be 1 to {max}, not {0}", max = Quantity::MAX)]
    Quantity(u64),
    /// Not in 0..=[`Level::MAX`].
    #[error("a stock level must be 0 to {max}, not {0}", max = Level::MAX)]
    Level(u64),
}

/// How many pieces of one SKU a line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u32")]
pub struct Quantity(NonZeroU32);

impl Quantity {
    /// The most that one line may ask for: far above what a person carries, far below what could upset a count.
    pub const MAX: u32 = 100;
    /// The same as a quantity.
    pub const MOST: Self = Self(NonZeroU32::MIN.saturating_add(Self::MAX - 1));

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The number, to count down with.
    #[must_use]
    pub fn signed(self) -> i32 {
        i32::try_from(self.get()).unwrap_or(i32::MAX)
    }

    /// Both together, where the sum is still a quantity.
    ///
    /// # Errors
    /// When the sum is above [`Quantity::MAX`].
    pub fn plus(self, other: Self) -> Result<Self, QuantityError> {
        Self::try_from(u64::from(self.get()) + u64::from(other.get()))
    }
}

impl TryFrom<u64> for Quantity {
    type Error = QuantityError;

    fn try_from(value: u64) -> Result<Self, QuantityError> {
        u32::try_from(value)
            .ok()
            .filter(|pieces| *pieces <= Self::MAX)
            .and_then(NonZeroU32::new)
            .map(Self)
            .ok_or(QuantityError::Quantity(value))
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> Self {
        quantity.get()
    }
}

/// How many pieces of one SKU are in one store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u32")]
pub struct Level(u32);

impl Level {
    /// The most pieces of one SKU in one store; sums of levels stay far inside 32 bits.
    pub const MAX: u32 = 1_000_000;
    /// Nothing there.
    pub const ZERO: Self = Self(0);

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The level after `delta` pieces came or went, if that is a level.
    #[must_use]
    pub fn moved(self, delta: i64) -> Option<Self> {
        let value = i64::from(self.0).checked_add(delta)?;
        Self::try_from(u64::try_from(value).ok()?).ok()
    }

    /// The level after `delta` pieces came or went, or the end of the range that it would leave.
    #[must_use]
    pub fn clamped(self, delta: i64) -> Self {
        let value = i64::from(self.0).saturating_add(delta).clamp(0, Self::MAX.into());
        Self(u32::try_from(value).unwrap_or(Self::MAX))
    }
}

impl TryFrom<u64> for Level {
    type Error = QuantityError;

    fn try_from(value: u64) -> Result<Self, QuantityError> {
        u32::try_from(value)
            .ok()
            .filter(|pieces| *pieces <= Self::MAX)
            .map(Self)
            .ok_or(QuantityError::Level(value))
    }
}

impl From<Level> for u32 {
    fn from(level: Level) -> Self {
        level.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_bounds() {
        assert!(Quantity::try_from(0).is_err());
        assert!(Quantity::try_from(u64::from(Quantity::MAX) + 1).is_err());
        assert!(Quantity::try_from(u64::MAX).is_err());
        let most = Quantity::try_from(u64::from(Quantity::MAX)).unwrap();
        assert!(most.plus(Quantity::try_from(1).unwrap()).is_err());
    }

    #[test]
    fn a_level_never_leaves_its_bounds() {
        let three = Level::try_from(3).unwrap();
        assert_eq!(three.moved(-3), Some(Level::ZERO));
        assert_eq!(three.moved(-4), None);
        assert_eq!(three.moved(i64::MAX), None);
        assert_eq!(three.moved(i64::from(Level::MAX)), None);
        assert_eq!(three.clamped(-4), Level::ZERO);
        assert_eq!(three.clamped(i64::MAX).get(), Level::MAX);
    }
}
