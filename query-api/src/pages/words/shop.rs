//! Phrases of the shopper's pages.

use super::words;

words! {
    /// What the pages about products and stores say.
    Shop {
        search: "さがす", "Search";
        search_label: "商品名・品番・色・バーコード", "Name, code, colour or barcode";
        search_hint: "例:ニット 黒", "For example: black sweater";
        suggestions: "候補", "Suggestions";
        found_none: "「{q}」に合う商品は見つかりませんでした。言葉を減らすか、品番でお試しください。", "Nothing fits “{q}”. Try fewer words, or the code on the label.";
        found: "{n} 件", "{n} found";
        found_more: "はじめの {n} 件を表示しています。言葉を足すとしぼり込めます。", "These are the first {n}. Add a word to see fewer.";
        colours: "{n} 色", "{n} colours";
        recent: "最近見た商品", "Recently looked at";
        home_lead: "店舗の在庫を確かめて、その場で取り置きできます。", "See which store has it, and have it put aside for you.";
        where_label: "どのあたりのお店?", "Around where?";
        where_hint: "駅・市区町村(例:渋谷)", "City or district, such as Shibuya";
        where_go: "この場所で見る", "Look there";
        where_unknown: "「{place}」は分かりませんでした。近くの大きな駅や市の名前でお試しください。", "We do not know “{place}”. Try a large station or city nearby.";
        near_me: "現在地から", "Near me";
        near_denied: "現在地が分かりませんでした。場所の名前を入れてください。", "We could not tell where you are. Type the name of a place instead.";
        stores: "店舗", "Stores";
        stores_near: "{place}の近くの店舗", "Stores near {place}";
        stores_near_you: "現在地の近くの店舗", "Stores near you";
        all_stores: "店舗を見る", "See the stores";
        none_near: "200 km 以内に店舗がないため、すべての店舗から表示しています。", "No store is within 200 km, so these are the first of all.";
        matrix: "色とサイズ", "Colours and sizes";
        matrix_of: "表示中の店舗にある在庫", "In the stores shown below";
        one_size: "フリー", "One size";
        one_colour: "—", "—";
        many: "在庫あり", "In stock";
        few: "残り {n} 点", "Only {n} left";
        few_short: "わずか", "Few";
        none: "在庫なし", "Sold out";
        never: "取り扱いなし", "Not sold here";
        only_there: "店頭のみ", "In the store only";
        picked: "{sku} — {all}\u{a0}店舗中 {n}\u{a0}店舗にあります", "{sku}: in {n} of {all} stores";
        of_sku: "{sku}の在庫", "Stock of {sku}";
        km: "{n} km", "{n} km";
        metres: "{n} m", "{n} m";
        open_until: "営業中・{time} まで", "Open until {time}";
        always_open: "営業中・24 時間", "Open, day and night";
        closed: "休業", "Closed";
        opens_today: "営業時間外・{time} 開店", "Closed, opens at {time}";
        opens_tomorrow: "営業時間外・明日 {time} 開店", "Closed, opens tomorrow at {time}";
        opens_on: "営業時間外・{day}曜 {time} 開店", "Closed, opens {day} at {time}";
        hours: "営業時間", "Opening hours";
        hours_unknown: "営業時間は登録されていません。", "Its opening hours are not known here.";
        today: "今日", "Today";
        address: "住所", "Address";
        map: "店舗の地図", "Map of the stores";
        here: "現在地", "You are here";
        code: "品番 {code}", "Code {code}";
        keeps: "取り置き:受け取りは {time} まで", "If held now, kept until {time}";
        no_holds: "この店舗では取り置きを受け付けていません。", "This store does not put things aside.";
        no_skus: "この商品の色・サイズはまだ登録されていません。", "This product has no sizes or colours yet.";
        stores_most: "{n} 店舗まで表示しています。ほかの店舗は、近くの場所の名前を入れると見られます。", "Up to {n} stores are shown. Name a place to see those near it.";
        no_stores: "まだ店舗がありません。", "There are no stores yet.";
        search_products: "商品をさがす", "Search for products";
    }
}

words! {
    /// What placing a hold, and its own page, say.
    Hold {
        place: "取り置く", "Hold";
        place_at: "{store}で取り置く", "Hold at {store}";
        needs_script: "取り置きには JavaScript が必要です。ブラウザーの設定で有効にしてください。", "Holding needs JavaScript. Please switch it on in your browser.";
        title: "取り置き", "Have it put aside";
        promise: "{store}がお取り置きします。受け取りは {time} まで。過ぎると自動で取り消されます。お支払いは受け取りのときです。", "{store} keeps it for you until {time}; then it goes back on the shelf. You pay when you collect it.";
        promise_later: "受け取り期限は、確定したあとに表示します。お支払いは受け取りのときです。", "You will see until when it is kept once it is held. You pay when you collect it.";
        name: "お名前", "Name";
        name_hint: "店頭でお呼びします", "To call out at the counter";
        contact: "電話番号またはメール", "Phone or mail";
        contact_hint: "在庫に問題があったときだけ連絡します", "Used only if something goes wrong";
        quantity: "点数", "Pieces";
        confirm: "取り置きを確定する", "Hold it";
        placing: "送信しています…", "Sending…";
        name_missing: "お名前を入れてください。", "Please give a name.";
        contact_wrong: "電話番号(数字 5 桁以上)か、メールアドレスを入れてください。", "Please give a phone number (5 digits or more) or a mail address.";
        quantity_wrong: "1 から {n} までの数を入れてください。", "Please give a number from 1 to {n}.";
        again: "同じ内容の取り置きを、すでにお受けしています。", "You have placed a hold just like this already.";
        again_show: "その取り置きを見る", "Show that hold";
        again_more: "もう一つ取り置く", "Hold another one";
        sold_out: "申し訳ありません。いま売り切れました。", "Sorry, it has just sold out.";
        sold_out_few: "申し訳ありません。残り {n} 点になりました。", "Sorry, only {n} are left.";
        next_stores: "近くでは、こちらの店舗にあります。", "These stores nearby have it.";
        no_next: "近くの店舗にもありません。", "No other store nearby has it.";
        no_holds_now: "この店舗はいま取り置きを受け付けていません。", "This store takes no holds right now.";
        too_many: "この店舗で一度に取り置けるのは {most} 点までです。点数を減らしてください。", "This store keeps {most} at most in one hold. Please take fewer.";
        limit: "取り置き中のものが上限の {most} 件に達しています。受け取るか取り消してから、もう一度お試しください。", "You have {most} holds already, as many as the store allows. Collect or cancel one first.";
        not_taken: "この内容では受け付けられませんでした。入力を確かめてください。", "That could not be taken. Please check what you typed.";
        busy: "混み合っています。少し待って、もう一度「取り置きを確定する」を押してください。二重にはなりません。", "It is busy. Wait a moment and press “Hold it” again; it will not be held twice.";
        lost: "つながりませんでした。電波のよいところで、もう一度押してください。二重にはなりません。", "We could not get through. Press again where you have a connection; it will not be held twice.";
        page_title: "お取り置き", "Your hold";
        held: "店舗が準備しています", "The store is getting it ready";
        held_more: "棚からお取りして、ご用意します。このままお待ちいただくか、そのままご来店ください。", "Staff take it from the shelf for you. You may come at any time.";
        ready: "ご用意できました", "It is ready for you";
        ready_more: "レジでコードをお見せください。", "Show the code at the counter.";
        collected: "お渡ししました", "Collected";
        collected_more: "ありがとうございました。", "Thank you.";
        cancelled: "取り消されました", "Cancelled";
        cancelled_more: "この取り置きは終わりました。", "This hold is over.";
        expired: "期限が過ぎました", "Its time is over";
        expired_more: "この取り置きは自動で取り消されました。あらためてお取り置きいただけます。", "It went back on the shelf. You can place a new hold.";
        pickup_code: "受け取りコード", "Pick-up code";
        qr: "受け取りコードの QR コード", "The pick-up code as a QR code";
        barcode: "受け取りコードのバーコード", "The pick-up code as a barcode";
        until: "受け取り期限", "Collect until";
        left_days: "あと {d} 日 {h} 時間", "{d} d {h} h left";
        left_hours: "あと {h} 時間 {m} 分", "{h} h {m} min left";
        left_minutes: "あと {m} 分", "{m} min left";
        left_none: "まもなく終わります", "About to end";
        what: "商品", "What";
        pieces: "{n} 点", "{n} pc";
        at: "受け取り店舗", "Where";
        extend: "期限を延ばす", "Keep it longer";
        extended: "期限を {time} まで延ばしました。", "It is now kept until {time}.";
        extend_limit: "期限を延ばせるのは一度だけです。", "It can be kept longer only once.";
        cancel: "取り置きを取り消す", "Cancel this hold";
        cancel_sure: "この取り置きを取り消しますか?", "Cancel this hold?";
        cancel_yes: "取り消す", "Cancel it";
        cancel_no: "取り消さない", "Keep it";
        cancel_done: "取り消しました。", "Cancelled.";
        late: "表示の更新が遅れています。お持ちのコードはそのままお使いになれます。", "This page is updated late right now. Your code is good all the same.";
        unreached: "いまの状態を確かめられません。{time} の表示です。お持ちのコードはそのままお使いになれます。", "We cannot look up how it is right now. You see what was at {time}; your code is good all the same.";
        changed: "ほかで変わっていました。いまの状態を表示しています。", "It had changed meanwhile. This is how it is now.";
        keep_link: "このページのリンクを保存すると、ほかの端末でも見られます。リンクを知っている人は取り消しもできますので、ご注意ください。", "Save the link of this page to open it on another device. Whoever has the link can also cancel the hold.";
        copy: "リンクをコピー", "Copy the link";
        copied: "コピーしました。", "Copied.";
        share: "リンクを送る", "Send the link";
        missing: "取り置きが見つかりません。リンクが最後までそろっているか、もう終わっていないかをお確かめください。取り置いた直後は、少し待つと表示されます。", "No such hold. Check that the link is complete, and that the hold is not long over. One that was placed just now may take a moment to appear here.";
        new: "もう一度探す", "Search again";
    }
}
