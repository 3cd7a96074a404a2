//! What is printed when the stack is up: where everything is, and lines to paste into a shell.

use anyhow::Result;
use contracts::{Sku, StoreId};
use platform::auth::Role;

use crate::console::tell;
use crate::dataset::Dataset;
use crate::issuer::Persona;
use crate::stack::Stack;

/// The ids that the lines of an empty stack make.
const EMPTY_EXAMPLE: (&str, &str, &str) = ("demo.shop-1", "demo.tee", "demo.tee-BLK-M");
/// A key that no earlier command had, in every shell: without `$RANDOM` in it, the second tells.
const FRESH: &str = "$(date +%s)-$RANDOM";
/// The option by which curl sends the token of an earlier line.
const AS_USER: &str = r#"-H "Authorization: Bearer $token""#;

/// Prints it. `example` is a store and a SKU that it has; without one, the lines make both first.
pub(super) fn describe(stack: &Stack, example: Option<(StoreId, Sku)>) {
    let (command, query, issuer) = (stack.command_url(), stack.query_url(), stack.issuer_url());
    tell("\nTorioki is up.");
    tell(format_args!("  pages         {query}/ (staff: {query}/staff)"));
    tell(format_args!("  command API   {command}"));
    tell(format_args!("  query API     {query}"));
    tell(format_args!("  tokens        {issuer} (development only)"));
    tell(format_args!("  relay health  {}/readyz", stack.relay_url()));
    tell(format_args!("  DynamoDB      {}", stack.dynamodb_endpoint()));
    tell(format_args!("  MySQL         {}\n", without_password(stack.mysql_url())));
    let (store_id, sku) = match example {
        Some((store_id, sku)) => (store_id.to_string(), sku.to_string()),
        None => {
            tell(
                "There is no data. Four lines make a store, a product and a count of it, as a manager of the brand:\n",
            );
            make(command, issuer).iter().for_each(tell);
            let (store_id, _, sku) = EMPTY_EXAMPLE;
            tell(format_args!(
                "\nThe demo data: cargo dev fill --command-url {command} --query-url {query} --issuer-url {issuer}"
            ));
            (store_id.to_owned(), sku.to_owned())
        }
    };
    tell(format_args!(
        "Try store {store_id} and SKU {sku}: place a hold as a guest, collect it as staff of the store, look the \
         stock up.\n"
    ));
    try_it(command, query, issuer, &store_id, &sku).iter().for_each(tell);
    tell(format_args!("\nOther tokens: cargo dev token --role manager --brand BRAND --issuer {issuer}"));
    tell("\nCtrl-C stops everything; what is stored is there again the next time.");
}

/// Who signs in at the pages: people of the data set, or of the store that the lines for an empty stack make.
pub(super) fn personas(dataset: Option<&Dataset>) -> Result<Vec<Persona>> {
    match dataset {
        Some(dataset) => Persona::of_stores(dataset.stores.iter().map(|store| &store.id)),
        None => Persona::of_stores(&[EMPTY_EXAMPLE.0.parse()?]),
    }
}

/// Lines for a shell, to be run one after the other. No line needs more than curl and sed.
fn try_it(command: &str, query: &str, issuer: &str, store_id: &str, sku: &str) -> [String; 4] {
    let hold = format!(
        r#"{{"store_id":"{store_id}","lines":[{{"sku":"{sku}","quantity":1}}],"customer":{{"name":"山田 花子","phone":"090-0000-0000"}}}}"#
    );
    [
        format!(
            r#"held=$(curl -s {command}/v1/reservations -H 'Content-Type: application/json' -H "Idempotency-Key: hold-{FRESH}" -d '{hold}'); echo "$held"; id=$(echo "$held" | sed 's/.*"reservation_id":"\([^"]*\)".*/\1/')"#
        ),
        token(issuer, &format!("-d role={} -d store={store_id}", Role::Staff)),
        format!(
            r#"curl -s -X POST {command}/v1/reservations/$id/collect {AS_USER} -H "Idempotency-Key: collect-$id"; echo"#
        ),
        // The projection follows within a second, which a paste of all lines does not leave it.
        format!("sleep 1; curl -s {query}/v1/stores/{store_id}/stock/{sku}; echo"),
    ]
}

/// Lines that make what [`try_it`] needs on an empty stack.
fn make(command: &str, issuer: &str) -> [String; 4] {
    let (store_id, product, sku) = EMPTY_EXAMPLE;
    let brand = store_id.split('.').next().unwrap_or_default();
    let put = |path: String, body: String| {
        format!(
            r#"curl -s -X PUT {command}/v1/{path} {AS_USER} -H 'Content-Type: application/json' -H "Idempotency-Key: make-{FRESH}" -d '{body}'; echo"#
        )
    };
    [
        token(issuer, &format!("-d role={} -d brand={brand}", Role::Manager)),
        put(
            format!("stores/{store_id}"),
            r#"{"name":{"ja":"一号店","en":"Shop 1"},"time_zone":"Asia/Tokyo"}"#.to_owned(),
        ),
        put(
            format!("products/{product}"),
            format!(
                r#"{{"name":{{"ja":"Tシャツ","en":"T-shirt"}},"skus":[{{"sku":"{sku}","colour":{{"ja":"黒","en":"Black"}},"size":"M"}}]}}"#
            ),
        ),
        put(format!("stores/{store_id}/stock/{sku}"), r#"{"on_hand":10}"#.to_owned()),
    ]
}

/// A line that gets the token which [`AS_USER`] sends.
fn token(issuer: &str, form: &str) -> String {
    format!(r#"token=$(curl -s {issuer}/token {form} | sed 's/.*"access_token":"\([^"]*\)".*/\1/')"#)
}

fn without_password(url: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(url) else { return "(not a URL)".to_owned() };
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return "(given)".to_owned();
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(without_password("mysql://u:secret@h/d"), "mysql://u:***@h/d");
        assert_eq!(without_password("mysql://root@h:1/d"), "mysql://root@h:1/d");
    }
}
