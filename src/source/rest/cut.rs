//! Lists within a record of which the service sent a part: whoever is looked for in them may be among the rest.

use std::collections::BTreeSet;

use serde_json::Value;

use super::path::Path;
use super::words::truth;

/// The keys that lead to a list; places in lists and the wrappers of lists are left out.
type Keys<'v> = Vec<&'v str>;

/// The first list of a record that goes on elsewhere and is needed: because one of these paths leads to it or through it, or, where
/// there are none, because everything is. It is told as a path.
pub(super) fn needed<'p>(record: &Value, paths: impl Iterator<Item = &'p Path>) -> Option<String> {
    let mut found = BTreeSet::new();
    collect(record, &mut Vec::new(), &mut found);
    if found.is_empty() {
        return None;
    }
    let paths: Vec<&Path> = paths.collect();
    let first = found.into_iter().find(|keys| paths.is_empty() || paths.iter().any(|path| path.passes(keys)))?;
    Some(if first.is_empty() { "items".to_owned() } else { first.join(".") })
}

fn collect<'v>(value: &'v Value, keys: &mut Keys<'v>, found: &mut BTreeSet<Keys<'v>>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys, found)),
        Value::Object(members) => {
            if goes_on(value) {
                found.insert(keys.clone());
            }
            for (key, inner) in members {
                if let Some(list) = named_by_link(key, inner) {
                    found.insert(keys.iter().copied().chain([list]).collect());
                }
                let wrapper = is_wrapper(key) && inner.is_array();
                if !wrapper {
                    keys.push(key);
                }
                collect(inner, keys, found);
                if !wrapper {
                    keys.pop();
                }
            }
        }
        _ => {}
    }
}

/// Whether a key is that of the list within a wrapper.
pub(super) fn is_wrapper(key: &str) -> bool {
    matches!(key, "results" | "items")
}

/// Whether a wrapper says of its list that it goes on, as Oracle and `OData` v2 do.
pub(super) fn goes_on(wrapper: &Value) -> bool {
    let list = |name: &&str| wrapper.get(*name).is_some_and(Value::is_array);
    let more = wrapper.get("hasMore").is_some_and(|word| matches!(truth(word), Ok(Some(true))));
    ["results", "items"].iter().any(list) && (more || wrapper.get("__next").is_some_and(leads))
}

/// The list that goes on where this link beside it says so, as in `OData` v4: `jobs@odata.nextLink` is about `jobs`.
fn named_by_link<'v>(key: &'v str, value: &Value) -> Option<&'v str> {
    let list = ["@odata.nextLink", "@nextLink"].into_iter().find_map(|link| key.strip_suffix(link))?;
    Some(list).filter(|list| !list.is_empty() && leads(value))
}

fn leads(link: &Value) -> bool {
    link.as_str().is_some_and(|link| !link.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(record: &Value, paths: &[&str]) -> Option<String> {
        let paths: Vec<Path> = paths.iter().map(|path| Path::parse(path).unwrap()).collect();
        needed(record, paths.iter())
    }

    #[test]
    fn a_list_that_goes_on_is_found_however_it_says_so() {
        for (cut, list) in [
            (json!({"jobs": {"items": [{"n": 1}], "hasMore": true}}), "jobs"),
            (json!({"jobs": {"items": [], "hasMore": "true"}}), "jobs"),
            (json!({"jobs": {"results": [{"n": 1}], "__next": "https://x"}}), "jobs"),
            (json!({"jobs": [{"n": 1}], "jobs@odata.nextLink": "https://x"}), "jobs"),
            (json!({"a": {"items": [{"b": [{"jobs": [], "jobs@nextLink": "x"}]}]}}), "a.b.jobs"),
            (json!({"items": [{"n": 1}], "hasMore": true}), "items"),
        ] {
            assert_eq!(told(&cut, &[]).as_deref(), Some(list), "{cut}");
        }
        for whole in [
            json!({"jobs": {"items": [{"n": 1}], "hasMore": false}, "hasMore": true}),
            json!({"jobs": {"results": [], "__next": ""}, "jobs@odata.nextLink": null, "@odata.nextLink": "x"}),
            json!({"jobs": [{"n": 1}], "jobs@odata.count": 1}),
        ] {
            assert_eq!(told(&whole, &[]), None, "{whole}");
        }
    }

    #[test]
    fn only_what_a_path_leads_through_is_needed() {
        let record = json!({"id": 1, "work": {"items": [{"jobs": {"items": [{"n": 1}], "hasMore": true}, "n": 2}]},
            "mails": [], "mails@odata.nextLink": "x"});
        for path in
            ["work.jobs.n", "work[0].jobs", "work.items[last].jobs.items[n=9].n", "/work/items/0/jobs/items/0/n", "work.*"]
        {
            assert_eq!(told(&record, &["id", path]).as_deref(), Some("work.jobs"), "{path}");
        }
        assert_eq!(told(&record, &["mails[type=work].value"]).as_deref(), Some("mails"));
        for path in ["id", "work.n", "work", "jobs.n", "/work/items/0/n"] {
            assert_eq!(told(&record, &[path]), None, "{path}");
        }
    }
}
