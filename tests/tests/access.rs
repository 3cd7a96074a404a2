//! Every route, asked as every role: the answers are those of the table in `docs/access.md`.

use std::fmt::Write;

use harness::{Answer, Api, System, until};
use platform::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const OTHER_STORE: &str = "hinata.ginza-01";
const OTHER_BRANDS_STORE: &str = "kumo.shibuya-01";

struct Row {
    method: Method,
    path: String,
    cells: Vec<String>,
}

const CALLERS: [&str; 7] = ["guest", "capability", "customer", "staff", "manager", "pos", "ops"];

/// The table, as it stands in the page.
fn table() -> Vec<Row> {
    let page = include_str!("../../docs/access.md");
    let rows = page.lines().filter(|line| line.starts_with("| `") && line.contains("/v1/"));
    let rows = rows.map(|line| {
        let mut cells =
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
        let route = cells.next().unwrap();
        let (method, path) = route.split_once(' ').unwrap();
        Row { method: method.parse().unwrap(), path: path.to_owned(), cells: cells.collect() }
    });
    let rows: Vec<Row> = rows.collect();
    let header = page.lines().find(|line| line.starts_with("| route |")).unwrap();
    let named: Vec<&str> = header.trim_matches('|').split('|').map(str::trim).skip(1).collect();
    assert_eq!(named, CALLERS);
    assert!(rows.len() >= 13 && rows.iter().all(|row| row.cells.len() == CALLERS.len()));
    rows
}

/// Where something is, seen from the callers, all of whom are at home in [`STORE`].
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Home,
    /// Another store of the brand, or somebody else's hold.
    Beside,
    OtherBrand,
}

impl Place {
    fn store(self) -> &'static str {
        match self {
            Self::Home => STORE,
            Self::Beside => OTHER_STORE,
            Self::OtherBrand => OTHER_BRANDS_STORE,
        }
    }

    fn brand(self) -> &'static str {
        self.store().split('.').next().unwrap()
    }
}

struct Asked<'s> {
    system: &'s System,
    commands: Api,
    queries: Api,
}

impl Asked<'_> {
    fn manager(&self, place: Place) -> Api {
        self.commands.with_token(self.system.token(Role::Manager, place.brand(), &[], "manager"))
    }

    fn customer(&self, subject: &str, brand: &str) -> String {
        self.system.token(Role::Customer, brand, &[], subject)
    }

    /// A hold at a place: of the caller if it is at home, of somebody else otherwise.
    async fn hold(&self, caller: &str, place: Place) -> (String, Option<String>) {
        let mine = place == Place::Home;
        let api = match (caller, mine) {
            ("capability", _) => self.commands.as_guest(),
            ("customer", true) => self.commands.with_token(self.customer("hanako", "hinata")),
            ("customer", false) => self.commands.with_token(self.customer("somebody", place.brand())),
            _ => self.manager(place),
        };
        let sku = format!("{}.KN1", place.brand());
        let placed = api.hold(place.store(), &sku, 1).await.expect(201);
        (placed.text("reservation_id"), placed.body["capability"].as_str().map(str::to_owned))
    }

    /// Asks as the caller for what is at the place.
    async fn ask(&self, row: &Row, caller: &str, place: Place) -> Answer {
        let (id, capability) = self.hold(caller, place).await;
        // At another place, the holder of a capability has that of another hold.
        let capability = match place {
            Place::Home => capability,
            _ if caller == "capability" => self.hold(caller, Place::Home).await.1,
            _ => None,
        };
        let api = if row.method == Method::GET { &self.queries } else { &self.commands };
        let role = |role, stores: &[&str]| api.with_token(self.system.token(role, "hinata", stores, caller));
        let api = match caller {
            "guest" => api.as_guest(),
            "capability" => api.holding(&capability.unwrap()),
            "customer" => api.with_token(self.customer("hanako", "hinata")),
            "staff" => role(Role::Staff, &[STORE]),
            "manager" => role(Role::Manager, &[]),
            "pos" => role(Role::Pos, &[STORE]),
            "ops" => role(Role::Ops, &[]),
            other => panic!("{other}"),
        };
        let sku = format!("{}.KN1", place.brand());
        let path = row
            .path
            .replace("{store_id}", place.store())
            .replace("{product_code}", &format!("{}.KN", place.brand()))
            .replace("{sku}", &sku)
            .replace("{id}", &id)
            + &needed(&row.path, place);
        if row.method == Method::GET {
            if row.path.contains("{id}") {
                let manager =
                    self.queries.with_token(self.system.token(Role::Manager, place.brand(), &[], "m"));
                until("the hold is seen", || async { manager.get(&path).await.status == 200 }).await;
            }
            if row.path == "/v1/stock/stream" {
                return api.opened(&format!("{path}?store_id={}&sku={sku}", place.store())).await;
            }
            return api.get(&path).await;
        }
        let body = body(&row.path, place, &sku);
        api.command(row.method.clone(), &path, &harness::unique(), &body).await
    }
}

/// The parameters that a question cannot do without.
fn needed(path: &str, place: Place) -> String {
    let brand = place.brand();
    match path {
        "/v1/feeds/google-local-inventory.tsv" => format!("?brand={brand}"),
        "/v1/products" => format!("?brand={brand}&q=knit"),
        "/v1/products/{product_code}/availability" | "/v1/products/{product_code}/jsonld" => {
            "?near=35.7,139.7".to_owned()
        }
        "/v1/stock" => format!("?sku={brand}.KN1&store_id={}", place.store()),
        "/v1/stores/{store_id}/reservations/search" => "?pickup_code=000000".to_owned(),
        "/v1/stores" => format!("?brand={brand}&near=35.7,139.7"),
        _ => String::new(),
    }
}

fn body(path: &str, place: Place, sku: &str) -> Value {
    match path {
        "/v1/stores/{store_id}" => json!({"name": {"en": "X"}, "time_zone": "Asia/Tokyo"}),
        "/v1/products/{product_code}" => json!({"name": {"en": "Knit"}, "skus": [{"sku": sku}]}),
        "/v1/stores/{store_id}/stock/{sku}" => json!({"on_hand": 900}),
        "/v1/stores/{store_id}/stock/{sku}/adjustments" => json!({"delta": 1, "reason": "x"}),
        "/v1/reservations" => json!({
            "store_id": place.store(), "lines": [{"sku": sku, "quantity": 1}],
            "customer": {"name": "花子", "phone": "090-0000-0000"},
        }),
        _ => json!({}),
    }
}

/// The status that a cell of the table promises.
fn promised(row: &Row, caller: &str, cell: &str, place: Place) -> u16 {
    let done = match (row.method.as_str(), row.path.rsplit('/').next()) {
        ("POST", Some("adjustments" | "reservations")) => 201,
        _ => 200,
    };
    let of_hold = row.path.contains("{id}");
    match (cell, place) {
        ("yes", _) | ("own" | "store" | "brand", Place::Home) => done,
        ("brand", Place::Beside) => done,
        ("own" | "store", Place::Beside) | ("own" | "store" | "brand", Place::OtherBrand) => 404,
        ("401", _) => 401,
        ("403", Place::Home) => 403,
        // A guest's capability shows one hold and nothing else; what that hold is not is not there.
        ("403", _) if caller == "capability" => {
            if of_hold {
                404
            } else {
                403
            }
        }
        ("403", Place::OtherBrand) => 404,
        // Staff and tills see their own stores, customers their own holds; masters belong to the whole brand.
        ("403", Place::Beside) => match caller {
            "customer" if of_hold => 404,
            "staff" | "pos"
                if of_hold || row.path.contains("{store_id}/") || row.path == "/v1/reservations" =>
            {
                404
            }
            _ => 403,
        },
        (other, _) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_role_as_the_table_says() {
    let system = System::new().await;
    let (commands, relay, queries) = tokio::join!(system.command_api(), system.relay(), system.query_api());
    let asked = Asked { system: &system, commands: Api::from(&commands), queries: Api::from(&queries) };
    for place in [Place::Home, Place::Beside, Place::OtherBrand] {
        let (product, sku) = (format!("{}.KN", place.brand()), format!("{}.KN1", place.brand()));
        asked.manager(place).stock_up(place.store(), &product, &[&sku], 900).await;
    }
    system.settled().await;

    let mut wrong = String::new();
    for row in table() {
        for (caller, cell) in CALLERS.iter().zip(&row.cells) {
            for place in [Place::Home, Place::Beside, Place::OtherBrand] {
                let answer = asked.ask(&row, caller, place).await;
                let promised = promised(&row, caller, cell, place);
                if answer.status != promised {
                    writeln!(
                        wrong,
                        "{} {} as {caller} at {place:?}: {} instead of {promised}: {}",
                        row.method, row.path, answer.status, answer.body
                    )
                    .unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    drop(relay);
}
