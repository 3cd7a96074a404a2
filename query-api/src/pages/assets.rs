//! Stylesheet, scripts and pictures, as browsers get them.
//!
//! Each has a digest of what it says in its name, so it can be kept for ever: another text has another name. A script
//! names the scripts that it imports, so its digest is made after theirs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use contracts::problem::Code;
use platform::Problem;
use platform::extract::Path;
use sha2::{Digest, Sha256};

/// How much of the digest stands in a name, in bytes: no two texts of one file meet in it.
const DIGEST_BYTES: usize = 6;

macro_rules! files {
    ($($asset:ident = $name:literal;)+) => {
        /// A file that pages name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Asset { $($asset,)+ }

        impl Asset {
            /// All there are; whoever is imported stands before who imports it.
            const ALL: &'static [Self] = &[$(Self::$asset,)+];

            const fn name(self) -> &'static str {
                match self { $(Self::$asset => $name,)+ }
            }

            const fn source(self) -> &'static str {
                match self {
                    $(Self::$asset => include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $name)),)+
                }
            }
        }
    };
}

files! {
    Icon = "icon.svg";
    Styles = "app.css";
    StaffStyles = "staff.css";
    PageScript = "page.js";
    ToastScript = "toast.js";
    ApiScript = "api.js";
    KeysScript = "keys.js";
    ContactScript = "contact.js";
    FreshScript = "fresh.js";
    AgeScript = "age.js";
    HeldScript = "held.js";
    TimesScript = "times.js";
    LiveScript = "live.js";
    PlaceScript = "place.js";
    PlacingScript = "placing.js";
    RecentScript = "recent.js";
    HoldScript = "hold.js";
    HomeScript = "home.js";
    ProductScript = "product.js";
    StoresScript = "stores.js";
    OidcScript = "oidc.js";
    StaffTextScript = "staff-text.js";
    StaffStoreScript = "staff-store.js";
    StaffDialogScript = "staff-dialog.js";
    StaffCardScript = "staff-card.js";
    StaffListScript = "staff-list.js";
    StaffItemScript = "staff-item.js";
    StaffHoldScript = "staff-hold.js";
    StaffCountScript = "staff-count.js";
    StaffMoveScript = "staff-move.js";
    StaffFindScript = "staff-find.js";
    StaffKeysScript = "staff-keys.js";
    StaffSoundScript = "staff-sound.js";
    StaffScript = "staff.js";
    SignedInScript = "signed-in.js";
    SlipScript = "slip.js";
}

/// A file as it is served.
struct Served {
    path: String,
    content_type: &'static str,
    text: String,
    imports: Vec<Asset>,
}

static SERVED: LazyLock<BTreeMap<Asset, Served>> = LazyLock::new(|| {
    let mut served = BTreeMap::new();
    for asset in Asset::ALL {
        let file = Served::of(*asset, &served);
        served.insert(*asset, file);
    }
    served
});

impl Served {
    fn of(asset: Asset, before: &BTreeMap<Asset, Self>) -> Self {
        let (mut text, mut imports) = (asset.source().to_owned(), Vec::new());
        for (imported, file) in before {
            let (written, served) = (format!("\"./{}\"", imported.name()), format!("\"{}\"", file.path));
            if text.contains(&written) {
                text = text.replace(&written, &served);
                imports.push(*imported);
                imports.extend(&file.imports);
            }
        }
        imports.sort_unstable();
        imports.dedup();
        let digest = Sha256::digest(&text);
        let digest = hex::encode(digest.get(..DIGEST_BYTES).unwrap_or(&digest));
        let (stem, extension) = asset.name().rsplit_once('.').unwrap_or((asset.name(), ""));
        let content_type = match extension {
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "text/javascript; charset=utf-8",
        };
        Self { path: format!("/assets/{stem}-{digest}.{extension}"), content_type, text, imports }
    }
}

impl Asset {
    /// Where it is.
    pub(crate) fn path(self) -> &'static str {
        SERVED.get(&self).map_or("", |file| file.path.as_str())
    }

    /// Where those are that it imports, for the browser to fetch them together with it.
    pub(crate) fn imports(self) -> impl Iterator<Item = &'static str> {
        SERVED.get(&self).into_iter().flat_map(|file| &file.imports).map(|asset| asset.path())
    }
}

/// The route of the files.
pub(super) fn routes() -> Router {
    Router::new().route("/assets/{file}", get(file))
}

async fn file(Path(name): Path<String>) -> Response {
    let path = format!("/assets/{name}");
    match SERVED.values().find(|file| file.path == path) {
        Some(file) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(file.content_type)),
                (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
                (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            ];
            (headers, file.text.as_str()).into_response()
        }
        None => Problem::new(Code::NotFound, "No file has this name.").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_import_each_other_by_their_served_names() {
        for (asset, file) in &*SERVED {
            let left = file.text.lines().find(|line| line.contains("\"./"));
            assert_eq!(left, None, "{} imports what stands behind it, or is not there", asset.name());
        }
        assert!(Asset::ApiScript.imports().any(|path| path == Asset::PageScript.path()));
    }

    #[test]
    fn nobody_else_is_asked_for_anything() {
        for (asset, file) in &*SERVED {
            let others = file
                .text
                .match_indices("//")
                .filter(|&(at, _)| file.text.get(..at).is_some_and(|before| before.ends_with(':')));
            // The namespace of SVG is a name, not an address.
            let others = others.filter(|(at, _)| {
                !file.text.get(*at..).is_some_and(|rest| rest.starts_with("//www.w3.org/2000/svg"))
            });
            assert_eq!(others.count(), 0, "{}", asset.name());
        }
    }
}
