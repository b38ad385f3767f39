//! Large feeds, page by page.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::server::{Server, person};

#[test]
fn every_page_of_a_large_feed_follows_the_one_before() {
    // With HRPUSH_LONG the whole of it, as the nightly run does.
    let people = if std::env::var_os("HRPUSH_LONG").is_some() { 100_000 } else { 2_300 };
    let server = Server::start();
    for from in (0..people).step_by(500) {
        let operation =
            |number: usize| json!({ "method": "POST", "bulkId": number.to_string(), "path": "/Users", "data": person(number) });
        let operations: Vec<Value> = (from..people.min(from + 500)).map(operation).collect();
        let done = server.post("/Bulk", &json!({ "Operations": operations })).is(200).body;
        assert!(done["Operations"].as_array().unwrap().iter().all(|result| result["status"] == "201"));
    }
    let (mut ids, mut start) = (HashSet::new(), 1);
    while start <= people {
        let page = server.get(&format!("/Users?startIndex={start}&count=500&attributes=userName")).is(200).body;
        assert_eq!(page["totalResults"], people);
        let resources = page["Resources"].as_array().unwrap();
        assert_eq!(page["itemsPerPage"], resources.len());
        ids.extend(resources.iter().map(|resource| resource["id"].as_str().unwrap().to_owned()));
        start += resources.len();
    }
    assert_eq!(ids.len(), people, "each once");
    let last = server.find("/Users", &format!("externalId eq \"E-{:04}\"", people - 1)).is(200).body;
    assert_eq!(last["totalResults"], 1);
    let unindexed = server.find("/Users", "title eq \"Clerk\" and name.givenName ew \"99\"").is(200).body;
    assert_eq!(unindexed["totalResults"], people / 100);
    #[cfg(target_os = "linux")]
    assert!(server.peak_memory() < 300_000, "{} kB", server.peak_memory());
}

#[test]
fn a_page_of_enormous_groups_is_refused_and_its_parts_are_not() {
    let server = Server::start();
    for at in 0..6 {
        let members: Vec<Value> = (0..40_000).map(|member| json!(format!("{at}-{member}"))).collect();
        server.post("/Groups?excludedAttributes=members", &json!({ "displayName": at.to_string(), "members": members })).is(201);
    }
    assert_eq!(server.get("/Groups").is(400).kind(), "tooMany");
    assert_eq!(server.get("/Groups?count=1").is(200).body["itemsPerPage"], 1);
    assert_eq!(server.get("/Groups?excludedAttributes=members").is(200).body["itemsPerPage"], 6);
}
