//! What is pressed on a keyboard.

/// A key without a letter, as WebDriver writes it (section 17.4.2, keyboard actions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Escape.
    Escape,
    /// The arrow that points down.
    Down,
}

impl Key {
    /// What stands for it among letters.
    #[must_use]
    pub const fn code(self) -> char {
        match self {
            Self::Enter => '\u{E007}',
            Self::Tab => '\u{E004}',
            Self::Escape => '\u{E00C}',
            Self::Down => '\u{E015}',
        }
    }
}
