//! Lists within a record that arrived only in part: the value that is looked up may be in the rest.

use serde_json::Value;

use crate::source::rest::shape::json::{number, truth};
use crate::source::rest::shape::path::Path;
use crate::source::rest::shape::wrapper::{TruncatedList, wrapped};

/// More parts of lists than a record has.
const MOST_PARTS: usize = 1_000;

/// The first list of a record that goes on elsewhere and is needed: because one of these paths leads to it or through it, or, where
/// there are none, because everything is. It is returned as a path.
pub(in crate::source::rest) fn needed<'p>(record: &Value, paths: impl Iterator<Item = &'p Path>) -> Option<String> {
    let mut found = Vec::new();
    collect(record, &mut Vec::new(), &mut found);
    if found.is_empty() {
        return None;
    }
    let paths: Vec<&Path> = paths.collect();
    // Looking for each of them by each path would take for ever; so many are no accident.
    let many = found.len() > MOST_PARTS;
    let first = found.iter().find(|part| many || paths.is_empty() || paths.iter().any(|path| path.enters(record, part)))?;
    Some(if first.keys.is_empty() { first.name.to_owned() } else { first.keys.join(".") })
}

fn collect<'v>(value: &'v Value, keys: &mut Vec<&'v str>, found: &mut Vec<TruncatedList<'v>>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys, found)),
        Value::Object(members) => {
            let lists: Vec<&str> = wrapped(value).map(|(name, _)| name).collect();
            if !lists.is_empty() && goes_on(value) {
                found.extend(lists.iter().map(|name| TruncatedList { holder: value, name, keys: keys.clone() }));
            }
            for (key, inner) in members {
                if let Some(name) = named_by_link(key, inner).filter(|name| !lists.contains(name)) {
                    found.push(TruncatedList { holder: value, name, keys: keys.iter().copied().chain([name]).collect() });
                }
                if !matches!(inner, Value::Array(_) | Value::Object(_)) {
                    continue;
                }
                let wrapper = lists.contains(&key.as_str());
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

/// Whether a wrapper says of its list that it goes on, as Oracle and `OData` do.
pub(in crate::source::rest) fn goes_on(wrapper: &Value) -> bool {
    let Some((_, list)) = wrapped(wrapper).next() else { return false };
    let more = FLAGS.iter().filter_map(|flag| wrapper.get(*flag)).any(|word| matches!(truth(word), Ok(Some(true))));
    let came = list.as_array().map_or(0, Vec::len) as u64;
    let counted = TOTALS.iter().filter_map(|total| wrapper.get(*total)).filter_map(|total| number(total).ok().flatten());
    let short = counted.into_iter().any(|total| total > came);
    let linked = |(name, _): (&str, &Value)| LINKS.iter().any(|link| wrapper.get(format!("{name}{link}")).is_some_and(leads));
    more || short || wrapper.get("__next").is_some_and(leads) || wrapped(wrapper).any(linked)
}

/// How a wrapper says that its list goes on, and how many there are in it. Every object of every record is asked, so these are few.
const FLAGS: [&str; 3] = ["hasMore", "has_more", "hasNextPage"];
const TOTALS: [&str; 3] = ["totalResults", "totalCount", "total_count"];

/// What `OData` v4 writes behind the name of a list.
pub(in crate::source::rest) const LINKS: [&str; 2] = ["@odata.nextLink", "@nextLink"];

/// The list that goes on where this link beside it says so, as in `OData` v4: `jobs@odata.nextLink` is about `jobs`.
fn named_by_link<'v>(key: &'v str, value: &Value) -> Option<&'v str> {
    let list = LINKS.into_iter().find_map(|link| key.strip_suffix(link))?;
    Some(list).filter(|list| !list.is_empty() && leads(value))
}

fn leads(link: &Value) -> bool {
    link.as_str().is_some_and(|link| !link.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notes(record: &Value, paths: &[&str]) -> Option<String> {
        let paths: Vec<Path> = paths.iter().map(|path| Path::parse(path).unwrap()).collect();
        needed(record, paths.iter())
    }

    #[test]
    fn a_list_that_goes_on_is_found_however_it_says_so() {
        for (cut, list) in [
            (json!({"jobs": {"items": [{"n": 1}], "hasMore": true}}), "jobs"),
            (json!({"jobs": {"items": [], "hasMore": "true"}}), "jobs"),
            (json!({"jobs": {"results": [{"n": 1}], "__next": "https://x"}}), "jobs"),
            (json!({"jobs": {"items": [{"n": 1}], "has_more": "true"}}), "jobs"),
            (json!({"jobs": {"items": [{"n": 1}], "totalResults": 5}}), "jobs"),
            (json!({"jobs": [{"n": 1}], "jobs@odata.nextLink": "https://x"}), "jobs"),
            (json!({"a": {"items": [{"b": [{"jobs": [], "jobs@nextLink": "x"}]}]}}), "a.b.jobs"),
            (json!({"items": [{"n": 1}], "hasMore": true}), "items"),
        ] {
            assert_eq!(notes(&cut, &[]).as_deref(), Some(list), "{cut}");
        }
        for whole in [
            json!({"jobs": {"items": [{"n": 1}], "hasMore": false}, "hasMore": true}),
            json!({"jobs": {"results": [], "__next": ""}, "jobs@odata.nextLink": null, "@odata.nextLink": "x"}),
            json!({"jobs": [{"n": 1}], "jobs@odata.count": 1}),
            json!({"jobs": {"items": [{"n": 1}], "totalResults": 1, "count": 1, "limit": 25}}),
        ] {
            assert_eq!(notes(&whole, &[]), None, "{whole}");
        }
    }

    #[test]
    fn only_what_a_path_leads_through_is_needed() {
        let record = json!({"id": 1, "work": {"items": [{"jobs": {"items": [{"n": 1}], "hasMore": true}, "n": 2}]},
            "mails": [], "mails@odata.nextLink": "x"});
        for path in
            ["work.jobs.n", "work[0].jobs", "work.items[last].jobs.items[n=9].n", "/work/items/0/jobs/items/0/n", "work[*].jobs"]
        {
            assert_eq!(notes(&record, &["id", path]).as_deref(), Some("work.jobs"), "{path}");
        }
        assert_eq!(notes(&record, &["mails[type=work].value"]).as_deref(), Some("mails"));
        for path in ["id", "work.n", "work", "jobs.n", "/work/items/0/n", "work[n=3].jobs.n"] {
            assert_eq!(notes(&record, &[path]), None, "{path}");
        }
        // A list of which nothing at all came.
        let none = json!({"id": 1, "jobs@odata.nextLink": "x"});
        assert_eq!(notes(&none, &["jobs[n=1].n"]).as_deref(), Some("jobs"));
    }

    #[test]
    fn what_stands_beside_a_list_in_its_wrapper_is_whole() {
        let one = json!({"id": 1, "items": [{"n": 1}], "hasMore": true});
        let work = json!({"id": 1, "work": {"items": [{"n": 1}], "hasMore": true, "count": 40}});
        let linked = json!({"id": 1, "work": {"items": [{"n": 1}], "items@odata.nextLink": "u", "count": 40}});
        let several = json!({"id": 1, "work": [{"items": [{"n": 1}], "hasMore": true, "count": 40}]});
        for (record, whole, part) in [
            (&one, "id /id", "n items.n [n=1].n /items/0 *"),
            (&work, "id work.count /work/count", "work work.n work.n work[last].n work.* /work/items/0/n"),
            (&linked, "id work.count", "work work.n work.items work[last].n work[n=2].n"),
            (&several, "id work.count work[0].count /work/0/count", "work.n work[0].n work[n=2].n /work/0/items/0/n"),
        ] {
            for path in whole.split(' ') {
                assert_eq!(notes(record, &[path]), None, "{path} in {record}");
            }
            for path in part.split(' ') {
                assert!(notes(record, &["id", path]).is_some(), "{path} in {record}");
            }
        }
    }
}
