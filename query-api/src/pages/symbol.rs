//! A pick-up code as scanners read it: QR and Code 128, drawn as paths of SVG.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around a QR code (ISO/IEC 18004).
const QR_MARGIN: usize = 4;
/// Light modules beside a bar code (ISO/IEC 15417).
const BAR_MARGIN: usize = 10;
/// Height of a pick-up code in bars, in modules: half of its width, for hand-held scanners.
pub(crate) const BAR_HEIGHT: usize = 44;
/// What every Code 128 symbol of code set B begins with.
const START_B: usize = 104;
/// What its sum is taken modulo of.
const CHECK_MODULUS: usize = 103;
/// Widths of bars and spaces of each value of Code 128, in modules.
const WIDTHS: [&[u8; 6]; 106] = [
    b"212222", b"222122", b"222221", b"121223", b"121322", b"131222", b"122213", b"122312", b"132212",
    b"221213", b"221312", b"231212", b"112232", b"122132", b"122231", b"113222", b"123122", b"123221",
    b"223211", b"221132", b"221231", b"213212", b"223112", b"312131", b"311222", b"321122", b"321221",
    b"312212", b"322112", b"322211", b"212123", b"212321", b"232121", b"111323", b"131123", b"131321",
    b"112313", b"132113", b"132311", b"211313", b"231113", b"231311", b"112133", b"112331", b"132131",
    b"113123", b"113321", b"133121", b"313121", b"211331", b"231131", b"213113", b"213311", b"213131",
    b"311123", b"311321", b"331121", b"312113", b"312311", b"332111", b"314111", b"221411", b"431111",
    b"111224", b"111422", b"121124", b"121421", b"141122", b"141221", b"112214", b"112412", b"122114",
    b"122411", b"142112", b"142211", b"241211", b"221114", b"413111", b"241112", b"134111", b"111242",
    b"121142", b"121241", b"114212", b"124112", b"124211", b"411212", b"421112", b"421211", b"212141",
    b"214121", b"412121", b"111143", b"111341", b"131141", b"114113", b"114311", b"411113", b"411311",
    b"113141", b"114131", b"311141", b"411131", b"211412", b"211214", b"211232",
];
/// Widths of what every symbol ends with.
const STOP: &[u8; 7] = b"2331112";

/// A symbol: its width and height in modules, and the path of its dark ones.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) path: String,
}

/// As a QR code; `None` for what none can hold.
pub(crate) fn qr(text: &str) -> Option<Symbol> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, colours) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (y, row) in colours.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one == next) {
            if run.first() == Some(&Color::Dark) {
                bar(&mut path, x + QR_MARGIN, y + QR_MARGIN, run.len(), 1);
            }
            x += run.len();
        }
    }
    let side = width + 2 * QR_MARGIN;
    Some(Symbol { width: side, height: side, path })
}

/// As Code 128, in its code set B; `None` for what that cannot hold.
pub(crate) fn code_128(text: &str, height: usize) -> Option<Symbol> {
    let value = |byte: u8| usize::from(byte).checked_sub(32).filter(|value| *value < 95);
    let values: Vec<usize> = text.bytes().map(value).collect::<Option<_>>()?;
    let sum: usize = values.iter().enumerate().map(|(n, value)| (n + 1) * value).sum();
    let check = (START_B + sum) % CHECK_MODULUS;
    let symbols = [START_B].into_iter().chain(values).chain([check]);
    let widths = symbols.filter_map(|value| WIDTHS.get(value)).flat_map(|widths| widths.iter()).chain(STOP);
    let (mut path, mut x) = (String::new(), BAR_MARGIN);
    for (n, width) in widths.map(|digit| usize::from(digit - b'0')).enumerate() {
        if n % 2 == 0 {
            bar(&mut path, x, 0, width, height);
        }
        x += width;
    }
    Some(Symbol { width: x + BAR_MARGIN, height, path })
}

fn bar(path: &mut String, x: usize, y: usize, width: usize, height: usize) {
    // Writing into a string does not fail.
    let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules of a symbol's first row, dark ones as `1`.
    fn row(symbol: &Symbol) -> String {
        let mut modules = vec!['0'; symbol.width];
        for bar in symbol.path.split('M').skip(1) {
            let (place, rest) = bar.split_once('h').unwrap();
            let x: usize = place.split(' ').next().unwrap().parse().unwrap();
            let width: usize = rest.split('v').next().unwrap().parse().unwrap();
            modules[x..x + width].fill('1');
        }
        modules.into_iter().collect()
    }

    #[test]
    fn a_bar_code_is_as_the_standard_has_it() {
        // A usual worked example, there in code set A with the check 54: set B begins with one more, and so checks as one more.
        let symbol = code_128("PJJ123C", 10).unwrap();
        let expected = "11010010000 11101110110 10110111000 10110111000 10011100110 11001110010 11001011100 \
                        10001000110 11101000110 1100011101011";
        let quiet = "0".repeat(BAR_MARGIN);
        assert_eq!(row(&symbol), format!("{quiet}{}{quiet}", expected.replace(' ', "")));
        assert_eq!(code_128("取り置き", 10), None);
    }

    #[test]
    fn every_value_of_code_128_is_eleven_modules_wide() {
        for (value, widths) in WIDTHS.iter().enumerate() {
            assert_eq!(widths.iter().map(|digit| usize::from(digit - b'0')).sum::<usize>(), 11, "{value}");
        }
    }

    #[test]
    fn a_pickup_code_fits_the_smallest_qr_code() {
        let symbol = qr("7KM4Q9").unwrap();
        assert_eq!((symbol.width, symbol.height), (21 + 2 * QR_MARGIN, 21 + 2 * QR_MARGIN));
        assert!(symbol.path.starts_with("M4 4h7v1h-7z"), "{}", symbol.path);
    }
}
