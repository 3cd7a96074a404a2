//! Phrases of the shopper's pages.

use super::words;

words! {
    /// What the shopper's pages say.
    Shop {
        search: "さがす", "Search";
        search_label: "商品名・品番・色・バーコード", "Name, code, colour or barcode";
        search_hint: "例:ニット 黒", "For example: black sweater";
        found_none: "「{q}」に合う商品は見つかりませんでした。言葉を減らすか、品番でお試しください。", "Nothing fits “{q}”. Try fewer words, or the code on the label.";
        found: "{n} 件", "{n} found";
        found_more: "はじめの {n} 件を表示しています。言葉を足すとしぼり込めます。", "These are the first {n}. Add a word to see fewer.";
        colours: "{n} 色", "{n} colours";
    }
}
