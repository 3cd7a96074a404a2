//! What went wrong, in the words of whoever reads it, by the API's codes.

use super::words;

words! {
    /// Problems that staff meet, each with what to do next.
    Problems {
        insufficient_stock: "在庫が足りません。数を減らすか、ほかの店舗の在庫を確かめてください。", "There are not enough pieces. Take fewer, or look for another store that has it.";
        customer_limit: "このお客様の取り置きは上限の {most} 件に達しています。受け渡しか取消のあとで、もう一度お試しください。", "This customer has {most} holds, as many as the store allows. Hand one over or cancel one first.";
        hold_too_large: "一度に取り置けるのは {most} 点までです。数を減らしてください。", "The store keeps {most} pieces at most in one hold. Take fewer.";
        holds_not_accepted: "この店舗では取り置きを受け付けていません。", "This store takes no holds.";
        invalid_transition: "この取り置きはもうその操作ができません。今の状態を確かめてください。", "This hold has moved on. Look at what it is now.";
        reservation_expired: "取り置きの期限が過ぎました。必要なら新しく取り置いてください。", "The time of this hold is over. Place a new one if it is still wanted.";
        version_mismatch: "ほかの人が先に操作しました。今の状態を確かめてください。", "Somebody else was faster. Look at what it is now.";
        extension_limit: "これ以上は延長できません。", "This hold cannot be extended again.";
        unknown_sku: "この商品は登録されていません。バーコードを確かめてください。", "No product has this SKU. Check the barcode.";
        unknown_stock: "この商品はこの店舗で数えたことがありません。まず在庫を登録してください。", "This was never counted in this store. Count it first.";
        unknown_store: "この店舗は見られません。店舗を選びなおしてください。", "You cannot see this store. Choose another.";
        unknown_reservation: "この取り置きは見つかりません。", "There is no such hold.";
        stock_out_of_range: "その数にはできません。いまの在庫は {on_hand} 点です。", "The count cannot become that. It is {on_hand} now.";
        stock_shortfall: "在庫の数では {on_hand} 点しかありません。在庫を調整してから、お渡ししてください。", "By the count there are only {on_hand}. Adjust the count, then hand it over.";
        sku_removed: "この商品はもう扱っていません。", "This is not sold any more.";
        invalid_field: "入力を確かめてください。", "Check what you typed.";
        forbidden: "この操作はできません。店長に頼んでください。", "You may not do this. Ask your manager.";
        contention: "混み合っています。もう一度お試しください。", "It is busy right now. Try again.";
        overloaded: "たいへん混み合っています。少し待って、もう一度お試しください。", "Very many want this right now. Wait a moment, then try again.";
        throttled: "続けて操作しすぎたようです。少し待って、もう一度お試しください。", "That was a lot in a short time. Wait a moment, then try again.";
        unavailable: "ただいまつながりません。少し待って、もう一度お試しください。", "We cannot answer right now. Wait a moment, then try again.";
        other: "うまくいきませんでした。もう一度お試しください。", "That did not work. Please try again.";
    }
}

#[cfg(test)]
mod tests {
    use contracts::problem::Code;

    use super::*;

    #[test]
    fn every_phrase_is_of_a_problem_that_there_is() {
        for (name, _, _) in Problems::PAIRS {
            let known = Code::ALL.iter().any(|code| code.as_str() == *name);
            assert!(known || *name == "other", "{name}");
        }
    }
}
