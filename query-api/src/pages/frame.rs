//! What every page has around what it shows: its language, its links, its scripts.

use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use contracts::Brand;
use platform::Problem;
use serde::Serialize;

use super::assets::Asset;
use super::lang::Lang;
use super::options::{Endpoint, PageOptions};
use super::words::Words;
use crate::http::for_script;

/// A visitor's language, and what of the address is carried along in links.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) lang: Lang,
    path: String,
    /// The parameters of the address, but the language.
    query: Vec<(String, String)>,
    /// Whether the address says the language.
    chosen: bool,
}

/// The parameter of the language.
const LANG: &str = "lang";
/// The parameters of where the visitor is, which links carry along.
const PLACE: [&str; 2] = ["near", "place"];

impl Visit {
    /// From a request's address and head.
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        let mut query = pairs.map(|pairs| pairs.0).unwrap_or_default();
        let said = query.iter().find(|(name, _)| name == LANG).and_then(|(_, tag)| Lang::tagged(tag));
        query.retain(|(name, _)| name != LANG);
        let lang = said.unwrap_or_else(|| Lang::preferred(headers));
        // Two slashes in front would make a link of it that leads to another host.
        let path = format!("/{}", uri.path().trim_start_matches('/'));
        Self { lang, path, query, chosen: said.is_some() }
    }

    /// The value of a parameter that is not empty.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        let named = self.query.iter().find(|(asked, _)| asked == name);
        named.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Another page, in the same language and from the same place.
    pub(crate) fn to(&self, path: &str) -> String {
        address(path, &self.carried())
    }

    /// The parameters that go along to another page.
    pub(crate) fn carried(&self) -> Vec<(&str, &str)> {
        let own = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let place = own.filter(|(name, _)| PLACE.contains(name));
        place.chain(self.chosen.then(|| (LANG, self.lang.tag()))).collect()
    }

    /// The parameters that stay when the place is another.
    pub(crate) fn without_place(&self) -> Vec<(&str, &str)> {
        let own = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let others = own.filter(|(name, _)| !PLACE.contains(name));
        others.chain(self.chosen.then(|| (LANG, self.lang.tag()))).collect()
    }

    /// This page in another language.
    fn in_language(&self, lang: Lang) -> String {
        let own = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        address(&self.path, &own.chain([(LANG, lang.tag())]).collect::<Vec<_>>())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri, &parts.headers))
    }
}

/// A path with parameters.
pub(super) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(pairs).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// What a page's layout shows, and tells its scripts.
pub(crate) struct Frame {
    pub(crate) visit: Visit,
    pub(crate) words: Words,
    pub(crate) title: String,
    /// Whose page it is, where it is a brand's.
    pub(crate) brand: Option<Brand>,
    pub(crate) script: Option<Script>,
}

/// A page's script, and what it is told.
pub(crate) struct Script {
    pub(crate) asset: Asset,
    /// Phrases and facts, as JSON that may stand in a `<script>`.
    pub(crate) data: String,
    pub(crate) command_url: String,
    pub(crate) oidc_issuer: String,
    pub(crate) oidc_client_id: String,
}

impl Frame {
    /// A page without a script.
    pub(crate) fn new(visit: Visit, title: impl Into<String>) -> Self {
        let words = Words::of(visit.lang);
        Self { visit, words, title: title.into(), brand: None, script: None }
    }

    /// Of a brand.
    pub(crate) fn of(self, brand: Brand) -> Self {
        Self { brand: Some(brand), ..self }
    }

    /// With a script that is told phrases and facts, and whom it may talk to.
    pub(crate) fn scripted(
        self,
        asset: Asset,
        data: &impl Serialize,
        options: &PageOptions,
    ) -> Result<Self, Problem> {
        let json = serde_json::to_string(data).map_err(|error| {
            tracing::error!(%error, "a page's data cannot be written");
            Problem::internal()
        })?;
        let url =
            |endpoint: &Option<Endpoint>| endpoint.as_ref().map(|it| it.url().to_owned()).unwrap_or_default();
        let script = Script {
            asset,
            data: for_script(&json),
            command_url: url(&options.command_url),
            oidc_issuer: url(&options.oidc_issuer),
            oidc_client_id: options.oidc_client_id.clone().unwrap_or_default(),
        };
        Ok(Self { script: Some(script), ..self })
    }

    /// The brand as people read it: its slug, with a capital.
    pub(crate) fn brand_name(&self) -> String {
        self.brand.as_ref().map(brand_name).unwrap_or_default()
    }

    /// The brand's home, or a page below it.
    pub(crate) fn to_brand(&self, below: &str) -> String {
        let slug = self.brand.as_ref().map_or("", Brand::as_str);
        self.visit.to(&format!("/brands/{slug}{below}"))
    }

    /// The page's language.
    pub(crate) fn lang(&self) -> Lang {
        self.visit.lang
    }

    /// The page in every other language.
    pub(crate) fn other_languages(&self) -> impl Iterator<Item = (Lang, String)> {
        Lang::ALL
            .into_iter()
            .filter(|lang| *lang != self.visit.lang)
            .map(|lang| (lang, self.visit.in_language(lang)))
    }

    /// Stylesheet.
    pub(crate) fn styles(&self) -> &'static str {
        Asset::Styles.path()
    }

    /// Icon.
    pub(crate) fn icon(&self) -> &'static str {
        Asset::Icon.path()
    }
}

/// A slug as people read it.
pub(crate) fn brand_name(brand: &Brand) -> String {
    let mut letters = brand.as_str().chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A page as an answer.
pub(crate) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
                (header::VARY, HeaderValue::from_static("accept-language")),
            ];
            (headers, html).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page cannot be shown");
            Problem::internal().into_response()
        }
    }
}

/// Whether an answer is a page.
pub(super) fn is_page(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| content_type.starts_with("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(uri: &str) -> Visit {
        Visit::of(&uri.parse().unwrap(), &HeaderMap::new())
    }

    #[test]
    fn links_carry_language_and_place_along() {
        let shopper = visit("/brands/hinata?q=knit&place=%E6%B8%8B%E8%B0%B7&lang=en");
        assert_eq!(shopper.to("/products/hinata.A"), "/products/hinata.A?place=%E6%B8%8B%E8%B0%B7&lang=en");
        assert_eq!(shopper.in_language(Lang::Ja), "/brands/hinata?q=knit&place=%E6%B8%8B%E8%B0%B7&lang=ja");
        assert_eq!(visit("/brands/hinata?q=knit").to("/"), "/");
        assert_eq!(visit("/?lang=xx").lang, Lang::Ja);
        assert_eq!(visit("//evil.example/x").in_language(Lang::En), "/evil.example/x?lang=en");
    }
}
