//! `docs/limits.md` lists every bound that our programs keep, from the constants themselves.
//!
//! A bound is a constant of a number or a time, outside tests. The page has its value and its doc comment; so a bound without
//! a reason fails this test. What callers may do stands in a file, `platform/throttle.toml`, and is listed from there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use platform::auth::Client;
use platform::throttle::{self, Quota};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, BinOp, Expr, Lit, Type};

/// The crates that are deployed, and what their part of the page is called.
const CRATES: [(&str, &str); 6] = [
    ("contracts", "Everywhere"),
    ("platform", "Every service"),
    ("command-api", "command-api"),
    ("outbox-relay", "outbox-relay"),
    ("query-api", "query-api"),
    ("migrations", "migrate"),
];
/// Types of constants that are bounds.
const NUMBERS: [&str; 10] =
    ["u8", "u16", "u32", "u64", "usize", "i32", "i64", "f64", "Duration", "TimeDelta"];

/// One bound.
struct Limit {
    name: String,
    value: String,
    reason: String,
}

/// Collects the bounds of one file.
#[derive(Default)]
struct Limits {
    /// The types whose `impl` we are in.
    owners: Vec<String>,
    found: Vec<Limit>,
}

impl Limits {
    fn add(&mut self, name: &syn::Ident, attributes: &[Attribute], ty: &Type, value: &Expr) {
        let ty = text(ty);
        if !NUMBERS.contains(&ty.as_str()) {
            return;
        }
        let owner = self.owners.last().map(|owner| format!("{owner}::")).unwrap_or_default();
        let name = format!("{owner}{name}");
        // What is derived from others is shown as it is written.
        let value = evaluate(value).or_else(|| Some(format!("`{}`", value.span().source_text()?))).unwrap();
        let reason = documentation(attributes);
        assert!(!reason.is_empty(), "{name} has no doc comment that gives its reason");
        self.found.push(Limit { name, value, reason });
    }
}

impl<'ast> Visit<'ast> for Limits {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !item.attrs.iter().any(is_test) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.owners.push(text(&item.self_ty));
        visit::visit_item_impl(self, item);
        self.owners.pop();
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.add(&item.ident, &item.attrs, &item.ty, &item.expr);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.add(&item.ident, &item.attrs, &item.ty, &item.expr);
    }
}

fn is_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}

/// The last name of a type.
fn text(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
        _ => String::new(),
    }
}

/// A doc comment as one line.
fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Ok(named) = attribute.meta.require_name_value() else { return None };
        match &named.value {
            Expr::Lit(literal) if named.path.is_ident("doc") => match &literal.lit {
                Lit::Str(line) => Some(line.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        }
    });
    unlinked(lines.collect::<Vec<_>>().join(" ").trim())
}

/// Links to items lead somewhere in rustdoc only.
fn unlinked(text: &str) -> String {
    let mut parts = text.split("](");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    plain.replace(['[', ']'], "").replace('|', "\\|")
}

/// A number with its thousands apart, or a time.
fn evaluate(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) if let Lit::Float(float) = &literal.lit => Some(float.base10_digits().to_owned()),
        Expr::Call(call) => {
            let (Expr::Path(function), Some(argument)) = (&*call.func, call.args.first()) else {
                return None;
            };
            let count = number(argument)?;
            match function.path.segments.last()?.ident.to_string().as_str() {
                "from_micros" | "microseconds" => Some(format!("{count} µs")),
                "from_millis" | "milliseconds" => Some(format!("{count} ms")),
                "from_secs" | "seconds" => Some(time(count)),
                "from_mins" | "minutes" => Some(time(count * 60)),
                "from_hours" | "hours" => Some(time(count * 3600)),
                "days" => Some(time(count * 86400)),
                _ => None,
            }
        }
        _ => number(value).map(grouped),
    }
}

fn number(value: &Expr) -> Option<i64> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        Expr::Binary(sum) => {
            let (left, right) = (number(&sum.left)?, number(&sum.right)?);
            match sum.op {
                BinOp::Mul(_) => left.checked_mul(right),
                BinOp::Add(_) => left.checked_add(right),
                _ => None,
            }
        }
        _ => None,
    }
}

fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn time(seconds: i64) -> String {
    [(86400, "d"), (3600, "h"), (60, "min")]
        .into_iter()
        .find(|(length, _)| seconds >= 2 * length && seconds % length == 0)
        .map_or_else(|| format!("{seconds} s"), |(length, unit)| format!("{} {unit}", seconds / length))
}

/// Every source file below a folder, in order, but those of tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .into_iter()
        .filter(|path| path.file_stem().is_some_and(|name| name != "tests"))
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn page(root: &Path) -> String {
    let mut page = "# Limits\n\nEvery bound that our programs keep, from their constants: change it there, then run\n\
                    `UPDATE=1 cargo dev test limits_are_listed`. Numbers count what the name or the reason says.\n"
        .to_owned();
    for (name, title) in CRATES {
        let folder = root.join(name).join("src");
        let mut rows = String::new();
        for path in sources(&folder) {
            let mut limits = Limits::default();
            limits.visit_file(&syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap());
            let file = path.strip_prefix(root).unwrap().display();
            for Limit { name, value, reason } in limits.found {
                writeln!(rows, "| [`{name}`](../{file}) | {value} | {reason} |").unwrap();
            }
        }
        write!(page, "\n## {title}\n\n| limit | value | why |\n| --- | --- | --- |\n{rows}").unwrap();
    }
    page.push_str(&callers());
    page
}

/// What callers may do unless told otherwise, which is no constant but a file.
fn callers() -> String {
    let limits = throttle::Limits::built_in().unwrap();
    let quota = |Quota { quota, seconds }| format!("{} in {seconds} s", grouped(quota.into()));
    let mut rows = String::new();
    for client in Client::ALL {
        let of = limits.of(client);
        let numbers = [of.in_flight, of.in_flight_each, of.streams, of.streams_each];
        let numbers = numbers.map(|number| grouped(number.into())).join(" | ");
        writeln!(rows, "| `{client}` | {numbers} | {} | {} |", quota(of.requests), quota(of.holds)).unwrap();
    }
    format!(
        "\n## Callers\n\nOf one process of either API, unless `THROTTLE_FILE` names another file than \
         [platform/throttle.toml](../platform/throttle.toml), where the reasons are; `each` is one user or address. Wrong tokens \
         and capabilities of one address: {}.\n\n| client | in flight | each | streams | each | requests of each | holds of each \
         |\n| --- | --- | --- | --- | --- | --- | --- |\n{rows}",
        quota(limits.guesses)
    )
}

#[test]
fn limits_are_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join("docs/limits.md");
    let page = page(&root);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let listed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        listed == page,
        "docs/limits.md is not what the constants say: run `UPDATE=1 cargo dev test limits_are_listed`"
    );
}
