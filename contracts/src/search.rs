//! How products are found by words: what the relay writes down of a name, and what a search looks up.
//!
//! Japanese has no spaces, so words are cut into pieces that overlap: two characters each where the script is Japanese
//! (or another one without small letters), three elsewhere. A word is in a name when all its pieces are, but for rare
//! names that have them in other places; whoever searches looks at the name once more ([`Words::are_in`]).

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

/// Characters of a piece in Latin and the like: two would be in half of all names.
const LATIN_PIECE: usize = 3;
/// Characters of a piece in Japanese, where many words have no more.
const JAPANESE_PIECE: usize = 2;
/// The first character behind the scripts that are cut like Latin: that of the first kana.
const FIRST_JAPANESE: char = '\u{3041}';
/// The first ideograph; hangul and what else comes behind it is treated alike.
const FIRST_IDEOGRAPH: char = '\u{3400}';
/// How far katakana stand behind their hiragana.
const KANA_DISTANCE: u32 = 0x60;

/// The text as it is compared: full and half width, hiragana and katakana, small letters and capitals are the same
/// (NFKC), and whatever is no letter or digit is a space.
#[must_use]
pub fn fold(text: &str) -> String {
    let folded = text.nfkc().flat_map(char::to_lowercase).map(|c| match c {
        'ぁ'..='ゖ' => char::from_u32(u32::from(c) + KANA_DISTANCE).unwrap_or(c),
        c if c.is_alphanumeric() => c,
        _ => ' ',
    });
    folded.collect()
}

/// The text in one width (NFKC), for what is looked up letter by letter.
#[must_use]
pub fn narrow(text: &str) -> String {
    text.nfkc().collect()
}

/// The pieces that a text can be found by, at most so many.
#[must_use]
pub fn terms<'t>(texts: impl IntoIterator<Item = &'t str>, max: usize) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for folded in texts.into_iter().map(fold) {
        for run in folded.split_whitespace().flat_map(runs) {
            // One ideograph may be a whole word (靴, 傘); one kana is none.
            let words = run.chars().filter(|c| *c >= FIRST_IDEOGRAPH).map(String::from);
            for piece in pieces(run).into_iter().chain(words) {
                if terms.len() < max {
                    terms.insert(piece);
                }
            }
        }
    }
    terms
}

/// The words that somebody searches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// The words of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(fold(text).split_whitespace().map(str::to_owned).collect())
    }

    /// The pieces that a product has to have for its name to hold all these words; none where there is nothing to search
    /// for. A part of a word that is shorter than a piece may stand inside another one: it only counts where there is
    /// nothing else.
    #[must_use]
    pub fn terms(&self) -> BTreeSet<String> {
        let all: BTreeSet<String> = self.0.iter().flat_map(|word| runs(word)).flat_map(pieces).collect();
        let whole: BTreeSet<String> = all.iter().filter(|piece| is_whole(piece)).cloned().collect();
        if whole.is_empty() { all } else { whole }
    }

    /// Whether each word is in one of these texts.
    #[must_use]
    pub fn are_in<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        let folded: Vec<String> = texts.into_iter().map(fold).collect();
        self.0.iter().all(|word| folded.iter().any(|text| text.contains(word)))
    }
}

fn is_japanese(run: &str) -> bool {
    run.starts_with(|c| c >= FIRST_JAPANESE)
}

/// A word in parts of one script each.
fn runs(word: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let other = |c: char| (c >= FIRST_JAPANESE) != (first >= FIRST_JAPANESE);
        let (run, behind) = rest.split_at(rest.find(other).unwrap_or(rest.len()));
        runs.push(run);
        rest = behind;
    }
    runs
}

fn size(run: &str) -> usize {
    if is_japanese(run) { JAPANESE_PIECE } else { LATIN_PIECE }
}

fn is_whole(piece: &str) -> bool {
    piece.chars().count() == size(piece)
}

/// The pieces of a run that overlap; itself where it is shorter than one.
fn pieces(run: &str) -> Vec<String> {
    let chars: Vec<char> = run.chars().collect();
    let size = size(run);
    if chars.len() <= size {
        return vec![run.to_owned()];
    }
    chars.windows(size).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Above what any name here has.
    const ALL: usize = 1_000;

    fn finds(query: &str, name: &str) -> bool {
        let (words, terms) = (Words::of(query), terms([name], ALL));
        !words.terms().is_empty() && words.terms().is_subset(&terms) && words.are_in([name])
    }

    #[test]
    fn kana_width_and_case_are_folded() {
        for query in [
            "セーター",
            "せーたー",
            "ｾｰﾀｰ",
            "セーター　ウール",
            "wool",
            "ＷＯＯＬ",
            "Wool 100",
            "ｳｰﾙ",
            "ター",
            "oo l",
        ] {
            let expected = query != "oo l";
            assert_eq!(finds(query, "ウールのセーター（Wool 100%）"), expected, "{query}");
        }
        for (query, name) in [
            ("靴", "革靴"),
            ("カーディガン", "ｶｰﾃﾞｨｶﾞﾝ"),
            ("がーぜ", "ガーゼTシャツ"),
            ("Tシャツ", "ｔｼｬﾂ"),
            ("Tシャツ", "ドライEXTシャツ"),
            ("v", "V ネック"),
        ] {
            assert!(finds(query, name), "{query} in {name}");
        }
        for (query, name) in [
            ("靴下", "革靴"),
            ("シャツ", "シャーツ"),
            ("cotton", "cot ton"),
            ("", "x"),
            ("🎽", "🎽"),
            ("\0", "x"),
        ] {
            assert!(!finds(query, name), "{query} in {name}");
        }
    }

    #[test]
    fn pieces_fit_their_column_and_are_bounded() {
        let long = "長い名前のＳｗｅａｔｅｒﷺ".repeat(40);
        let terms = terms([long.as_str(), "another"], 7);
        assert_eq!(terms.len(), 7);
        assert!(terms.iter().all(|term| (1..=3).contains(&term.chars().count())));
    }
}
