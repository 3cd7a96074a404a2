//! Places that people type in: cities and districts of Japan where shops are, and some of the world's large cities.
//!
//! Written down here, so that nobody else is told where a shopper is. Positions are those of the main station or the
//! middle, in degrees (WGS 84), right to a walk.

use contracts::search::fold;

use super::lang::Lang;
use crate::read::geo::Point;

/// What ends a place's name as well as not: city, ward, town, station, prefecture.
const ENDINGS: [&str; 6] = ["市", "区", "町", "駅", "府", "県"];

/// A place that has a name.
pub(crate) struct City {
    ja: &'static str,
    kana: &'static str,
    romaji: &'static str,
    latitude: f64,
    longitude: f64,
}

impl City {
    /// Its name.
    pub(crate) fn name(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Ja => self.ja,
            Lang::En => self.romaji,
        }
    }

    /// The other spellings by which it is found.
    pub(crate) fn spellings(&self, lang: Lang) -> String {
        match lang {
            Lang::Ja => format!("{} {}", self.kana, self.romaji),
            Lang::En => format!("{} {}", self.ja, self.kana),
        }
    }

    /// Where it is.
    pub(crate) fn point(&self) -> Option<Point> {
        Point::new(self.latitude, self.longitude)
    }

    fn is_called(&self, folded: &str) -> bool {
        [self.ja, self.kana, self.romaji].into_iter().any(|name| plain(name) == folded)
    }

    fn begins_with(&self, folded: &str) -> bool {
        [self.ja, self.kana, self.romaji].into_iter().any(|name| plain(name).starts_with(folded))
    }
}

/// A name as it is compared: hyphens and spaces do not matter either.
fn plain(name: &str) -> String {
    fold(name).split_whitespace().collect()
}

/// What a beginning must weigh to stand for a place: one letter is that of many, and would lead somebody to Busan who has only
/// begun to type.
const TELLING: u32 = 6;

/// Whether it says enough of a name: three letters, two kana or one ideograph.
fn is_telling(folded: &str) -> bool {
    let weight = |letter: char| match letter {
        'ァ'..='ー' => 3,
        letter if letter > 'ー' => TELLING,
        _ => 2,
    };
    folded.chars().map(weight).sum::<u32>() >= TELLING
}

/// The place that a text names: by its whole name, or by how it begins.
pub(crate) fn called(text: &str) -> Option<&'static City> {
    let folded = plain(text);
    let shorter = ENDINGS.iter().find_map(|ending| folded.strip_suffix(ending)).unwrap_or(&folded);
    if shorter.is_empty() {
        return None;
    }
    let whole = |name: &str| CITIES.iter().find(|city| city.is_called(name));
    let begun = || CITIES.iter().find(|city| is_telling(shorter) && city.begins_with(shorter));
    whole(&folded).or_else(|| whole(shorter)).or_else(begun)
}

const fn city(
    ja: &'static str,
    kana: &'static str,
    romaji: &'static str,
    latitude: f64,
    longitude: f64,
) -> City {
    City { ja, kana, romaji, latitude, longitude }
}

/// From north to south, then abroad.
pub(crate) const CITIES: &[City] = &[
    city("札幌", "さっぽろ", "Sapporo", 43.0618, 141.3545),
    city("旭川", "あさひかわ", "Asahikawa", 43.7706, 142.365),
    city("函館", "はこだて", "Hakodate", 41.7687, 140.7288),
    city("青森", "あおもり", "Aomori", 40.8246, 140.74),
    city("盛岡", "もりおか", "Morioka", 39.702, 141.1545),
    city("仙台", "せんだい", "Sendai", 38.2682, 140.8694),
    city("秋田", "あきた", "Akita", 39.7186, 140.1024),
    city("山形", "やまがた", "Yamagata", 38.2554, 140.3396),
    city("福島", "ふくしま", "Fukushima", 37.7608, 140.4748),
    city("水戸", "みと", "Mito", 36.3659, 140.4714),
    city("宇都宮", "うつのみや", "Utsunomiya", 36.5551, 139.8826),
    city("前橋", "まえばし", "Maebashi", 36.3895, 139.0634),
    city("高崎", "たかさき", "Takasaki", 36.3223, 139.0033),
    city("大宮", "おおみや", "Omiya", 35.9064, 139.624),
    city("浦和", "うらわ", "Urawa", 35.8588, 139.6573),
    city("川越", "かわごえ", "Kawagoe", 35.9251, 139.4858),
    city("千葉", "ちば", "Chiba", 35.6074, 140.1065),
    city("船橋", "ふなばし", "Funabashi", 35.6947, 139.9825),
    city("柏", "かしわ", "Kashiwa", 35.8676, 139.9758),
    city("東京", "とうきょう", "Tokyo", 35.6812, 139.7671),
    city("銀座", "ぎんざ", "Ginza", 35.6717, 139.765),
    city("渋谷", "しぶや", "Shibuya", 35.659, 139.7005),
    city("原宿", "はらじゅく", "Harajuku", 35.6702, 139.7027),
    city("新宿", "しんじゅく", "Shinjuku", 35.6909, 139.7003),
    city("池袋", "いけぶくろ", "Ikebukuro", 35.7295, 139.7109),
    city("上野", "うえの", "Ueno", 35.7138, 139.777),
    city("秋葉原", "あきはばら", "Akihabara", 35.6984, 139.7731),
    city("浅草", "あさくさ", "Asakusa", 35.7119, 139.7967),
    city("品川", "しながわ", "Shinagawa", 35.6285, 139.7388),
    city("六本木", "ろっぽんぎ", "Roppongi", 35.6628, 139.7315),
    city("恵比寿", "えびす", "Ebisu", 35.6467, 139.7101),
    city("自由が丘", "じゆうがおか", "Jiyugaoka", 35.6072, 139.669),
    city("二子玉川", "ふたこたまがわ", "Futako-Tamagawa", 35.6117, 139.6265),
    city("下北沢", "しもきたざわ", "Shimokitazawa", 35.6616, 139.667),
    city("吉祥寺", "きちじょうじ", "Kichijoji", 35.7031, 139.5798),
    city("立川", "たちかわ", "Tachikawa", 35.698, 139.4138),
    city("町田", "まちだ", "Machida", 35.5423, 139.4455),
    city("八王子", "はちおうじ", "Hachioji", 35.6557, 139.3389),
    city("北千住", "きたせんじゅ", "Kita-Senju", 35.7496, 139.8053),
    city("横浜", "よこはま", "Yokohama", 35.4658, 139.6223),
    city("川崎", "かわさき", "Kawasaki", 35.5313, 139.697),
    city("鎌倉", "かまくら", "Kamakura", 35.319, 139.5505),
    city("藤沢", "ふじさわ", "Fujisawa", 35.3388, 139.4871),
    city("新潟", "にいがた", "Niigata", 37.9161, 139.0364),
    city("富山", "とやま", "Toyama", 36.7013, 137.2137),
    city("金沢", "かなざわ", "Kanazawa", 36.5613, 136.6562),
    city("福井", "ふくい", "Fukui", 36.0641, 136.2196),
    city("甲府", "こうふ", "Kofu", 35.6622, 138.5684),
    city("長野", "ながの", "Nagano", 36.6485, 138.1942),
    city("松本", "まつもと", "Matsumoto", 36.238, 137.972),
    city("岐阜", "ぎふ", "Gifu", 35.4233, 136.7606),
    city("静岡", "しずおか", "Shizuoka", 34.9756, 138.3828),
    city("浜松", "はままつ", "Hamamatsu", 34.7108, 137.7261),
    city("名古屋", "なごや", "Nagoya", 35.1709, 136.8815),
    city("栄", "さかえ", "Sakae", 35.17, 136.9086),
    city("豊田", "とよた", "Toyota", 35.0824, 137.1563),
    city("津", "つ", "Tsu", 34.7303, 136.5086),
    city("大津", "おおつ", "Otsu", 35.0045, 135.8686),
    city("京都", "きょうと", "Kyoto", 34.9858, 135.7588),
    city("四条河原町", "しじょうかわらまち", "Shijo-Kawaramachi", 35.0037, 135.769),
    city("大阪", "おおさか", "Osaka", 34.7025, 135.4959),
    city("梅田", "うめだ", "Umeda", 34.7025, 135.4959),
    city("心斎橋", "しんさいばし", "Shinsaibashi", 34.675, 135.5008),
    city("難波", "なんば", "Namba", 34.6659, 135.5013),
    city("天王寺", "てんのうじ", "Tennoji", 34.6472, 135.514),
    city("堺", "さかい", "Sakai", 34.5733, 135.483),
    city("神戸", "こうべ", "Kobe", 34.6901, 135.1956),
    city("三宮", "さんのみや", "Sannomiya", 34.6947, 135.1953),
    city("姫路", "ひめじ", "Himeji", 34.827, 134.6905),
    city("奈良", "なら", "Nara", 34.6851, 135.805),
    city("和歌山", "わかやま", "Wakayama", 34.226, 135.1675),
    city("鳥取", "とっとり", "Tottori", 35.5011, 134.2351),
    city("松江", "まつえ", "Matsue", 35.4681, 133.0484),
    city("岡山", "おかやま", "Okayama", 34.6618, 133.935),
    city("倉敷", "くらしき", "Kurashiki", 34.585, 133.7722),
    city("広島", "ひろしま", "Hiroshima", 34.3853, 132.4553),
    city("山口", "やまぐち", "Yamaguchi", 34.1785, 131.4737),
    city("下関", "しものせき", "Shimonoseki", 33.9578, 130.9415),
    city("徳島", "とくしま", "Tokushima", 34.0703, 134.5548),
    city("高松", "たかまつ", "Takamatsu", 34.3428, 134.0466),
    city("松山", "まつやま", "Matsuyama", 33.8392, 132.7657),
    city("高知", "こうち", "Kochi", 33.5597, 133.5311),
    city("福岡", "ふくおか", "Fukuoka", 33.5902, 130.4017),
    city("博多", "はかた", "Hakata", 33.5897, 130.4207),
    city("天神", "てんじん", "Tenjin", 33.5914, 130.3989),
    city("北九州", "きたきゅうしゅう", "Kitakyushu", 33.8834, 130.8751),
    city("佐賀", "さが", "Saga", 33.2635, 130.3009),
    city("長崎", "ながさき", "Nagasaki", 32.7503, 129.8779),
    city("熊本", "くまもと", "Kumamoto", 32.8032, 130.7079),
    city("大分", "おおいた", "Oita", 33.2382, 131.6126),
    city("宮崎", "みやざき", "Miyazaki", 31.9077, 131.4202),
    city("鹿児島", "かごしま", "Kagoshima", 31.5966, 130.5571),
    city("那覇", "なは", "Naha", 26.2124, 127.6809),
    city("ソウル", "そうる", "Seoul", 37.5665, 126.978),
    city("釜山", "ぷさん", "Busan", 35.1796, 129.0756),
    city("台北", "たいぺい", "Taipei", 25.033, 121.5654),
    city("高雄", "たかお", "Kaohsiung", 22.6273, 120.3014),
    city("香港", "ほんこん", "Hong Kong", 22.3193, 114.1694),
    city("上海", "しゃんはい", "Shanghai", 31.2304, 121.4737),
    city("北京", "ぺきん", "Beijing", 39.9042, 116.4074),
    city("シンガポール", "しんがぽーる", "Singapore", 1.3521, 103.8198),
    city("バンコク", "ばんこく", "Bangkok", 13.7563, 100.5018),
    city("シドニー", "しどにー", "Sydney", -33.8688, 151.2093),
    city("ホノルル", "ほのるる", "Honolulu", 21.3069, -157.8583),
    city("ロサンゼルス", "ろさんぜるす", "Los Angeles", 34.0522, -118.2437),
    city("サンフランシスコ", "さんふらんしすこ", "San Francisco", 37.7749, -122.4194),
    city("ニューヨーク", "にゅーよーく", "New York", 40.7128, -74.006),
    city("ロンドン", "ろんどん", "London", 51.5074, -0.1278),
    city("パリ", "ぱり", "Paris", 48.8566, 2.3522),
    city("ミラノ", "みらの", "Milan", 45.4642, 9.19),
    city("ベルリン", "べるりん", "Berlin", 52.52, 13.405),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_however_it_is_written() {
        for (text, ja) in [
            ("渋谷", "渋谷"),
            ("渋谷区", "渋谷"),
            ("しぶや", "渋谷"),
            ("シブヤ", "渋谷"),
            ("ＳＨＩＢＵＹＡ", "渋谷"),
            ("shib", "渋谷"),
            ("しぶ", "渋谷"),
            ("渋", "渋谷"),
            ("つ", "津"),
            ("京都市", "京都"),
            ("kita senju", "北千住"),
            (" new york ", "ニューヨーク"),
            ("Tsu", "津"),
        ] {
            assert_eq!(called(text).map(|city| city.ja), Some(ja), "{text}");
        }
        for text in ["", " ", "市", "Atlantis", "<script>", "%", "b", "sh", "し", "b市"] {
            assert!(called(text).is_none(), "{text}");
        }
    }

    #[test]
    fn every_place_is_on_the_earth() {
        assert!(CITIES.iter().all(|city| city.point().is_some()));
    }
}
