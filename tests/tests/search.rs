//! What a product is called is what it is found by: from the command, through the relay, to the search.

use std::process::Output;

use harness::{Answer, Api, System, until};
use serde_json::json;

async fn work(system: &System, arguments: &[&str]) -> Output {
    let output = system.relay_work(arguments).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

async fn found(queries: &Api, q: &str) -> u64 {
    let answer: Answer = queries.get(&format!("/v1/products?brand=hinata&q={q}")).await.expect(200);
    answer.body["products"].as_array().unwrap().len() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_found_by_what_it_is_called_now() {
    let system = System::new().await;
    let (commands, queries) = (system.command_api().await, system.query_api().await);
    let _relay = system.relay().await;
    let (commands, queries) = (Api::from(&commands), Api::from(&queries));
    let product = |name: &str| {
        let sku = json!({"sku": "hinata.KN1-M", "colour": {"ja": "ネイビー"}, "gtin": "4901234567894"});
        json!({"name": {"ja": name}, "skus": [sku]})
    };
    let _ = commands.put("/v1/products/hinata.KN1", product("ウールのセーター")).await.expect(200);
    until("it is found", || async { found(&queries, "せーたー").await == 1 }).await;
    for q in ["ﾈｲﾋﾞｰ", "KN1", "4901234567894"] {
        assert_eq!(found(&queries, q).await, 1, "{q}");
    }
    let _ = commands.put("/v1/products/hinata.KN1", product("ウールのカーディガン")).await.expect(200);
    until("it is found by its new name", || async { found(&queries, "カーディガン").await == 1 }).await;
    assert_eq!(found(&queries, "セーター").await, 0, "it is called so no more");

    // A term that got lost is mended, and a rebuild leaves none of an old name.
    let terms = "SELECT COUNT(*) FROM product_terms WHERE term = ";
    system.database.run("DELETE FROM product_terms WHERE term = 'カー'").await;
    let told = work(&system, &["reconcile", "--repair"]).await;
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("product_terms, missing: 1 found, 1 repaired"), "{told}");
    assert_eq!(system.database.number(&format!("{terms}'カー'")).await, 1);
    assert_eq!(system.database.number(&format!("{terms}'セー'")).await, 1);
    let _ = work(&system, &["rebuild"]).await;
    assert_eq!(system.database.number(&format!("{terms}'セー'")).await, 0);
    assert_eq!(found(&queries, "かーでぃがん ﾈｲﾋﾞｰ").await, 1);
}
