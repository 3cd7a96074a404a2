//! Phrases of every page.

use super::words;

words! {
    /// What every page says.
    Common {
        site: "取り置き", "Torioki";
        skip: "本文へ", "Skip to the content";
        language: "言語", "Language";
        home: "ホーム", "Home";
        choose_brand: "ブランドを選ぶ", "Choose a brand";
        no_brands: "まだ店舗がありません。", "There are no stores yet.";
        for_staff: "スタッフの方", "For staff";
        close: "閉じる", "Close";
        back: "戻る", "Back";
        again: "もう一度", "Try again";
        loading: "読み込んでいます…", "Loading…";
        offline: "インターネットにつながっていません。表示は {time} のものです。", "You are offline. What you see is of {time}.";
        stale: "在庫の更新が遅れています。{time} 時点の表示です。取り置きは、いまの在庫を確かめてから承ります。", "Stock is updated late right now. What you see is of {time}; a hold is checked against what is there now.";
        stale_unknown: "在庫の更新が遅れています。取り置きは、いまの在庫を確かめてから承ります。", "Stock is updated late right now; a hold is checked against what is there now.";
        needs_script: "この画面には JavaScript が必要です。ブラウザーの設定で有効にしてください。", "This page needs JavaScript. Please switch it on in your browser.";
        missing_title: "見つかりません", "Not found";
        missing: "このページはないか、もう終わっています。リンクをもう一度確かめるか、最初から探してください。", "There is no such page, or it is over. Check the link, or search from the beginning.";
        unavailable_title: "ただいま混み合っています", "We cannot answer right now";
        unavailable: "少し待ってから、もう一度お試しください。", "Please wait a moment, then try again.";
        throttled: "短い時間にたくさんのアクセスがありました。少し待ってから、もう一度お試しください。", "There was a lot from here in a short time. Please wait a moment, then try again.";
        internal_title: "うまくいきませんでした", "Something went wrong";
        internal: "こちらの不具合です。記録しましたので、後ほどもう一度お試しください。", "That was our mistake. It has been noted; please try again later.";
        refused_title: "受け付けられません", "This cannot be taken";
        refused: "アドレス(URL)を確かめるか、最初から探してください。", "Check the address, or search from the beginning.";
        failed: "つながりませんでした。電波のよいところで、もう一度お試しください。", "We could not get through. Please try again where you have a connection.";
    }
}
