//! The words by which an answer says how its list goes on: totals, flags, cursors and links.

use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use crate::source::rest::shape::json::{Unclear, number, scalar};

pub(super) fn header_number(value: &HeaderValue) -> Result<Option<u64>, Unclear> {
    number(&value.to_str().map_err(|_| Unclear)?.into())
}

/// A cursor or a link; a service that writes `false` for nothing has none.
pub(in crate::source::rest) fn lead(value: &Value) -> Result<Option<String>, Unclear> {
    let text = Some(value).filter(|value| **value != Value::Bool(false)).map(|value| scalar(value).ok_or(Unclear));
    Ok(text.transpose()?.filter(|text| !text.is_empty()))
}

/// The address of `rel="next"` in the header `Link` (RFC 8288).
pub(super) fn next_link(headers: &HeaderMap) -> Option<String> {
    // Letters that no header should have make an address that fails, and not the end of the list.
    let lines = headers.get_all("link").into_iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    lines.flat_map(|line| links(&line)).find(|(_, relations)| relations.iter().any(|name| name == "next")).map(|(url, _)| url)
}

fn links(mut line: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    while let Some((url, rest)) = line.find('<').and_then(|start| line[start + 1..].split_once('>')) {
        let end = rest.find('<').unwrap_or(rest.len());
        let relations = rest[..end].split([';', ',']).filter_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("rel").then(|| value.trim().trim_matches('"').to_lowercase())
        });
        let relations = relations.flat_map(|names| names.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        found.push((url.to_owned(), relations.collect()));
        line = &rest[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            "link",
            "<https://a/?p=1>; rel=\"prev\", <https://a/?p=3,4>; title=\"x\"; rel=\"last next\"".parse().unwrap(),
        );
        assert_eq!(next_link(&headers).as_deref(), Some("https://a/?p=3,4"));
        assert_eq!(next_link(&HeaderMap::new()), None);
    }
}
