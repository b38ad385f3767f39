//! What a secret looks like within a text, whatever its key: in an address, a connection string, a header, a block of PEM, or by itself.

use std::ops::Range;

use super::keys::is_secret_parameter;
use super::vocabulary::{is_plain_part, is_token_like};
use super::{Cover, Paint};

/// Where a text is from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// One value or key of a document: what begins in it may last to its end.
    Value,
    /// A message of ours that quotes values: it goes on behind them.
    Message,
    /// A message about a file of settings, which quotes its values.
    Fault,
}

/// A text shorter than this is not taken for a secret by its letters alone.
const LONG: usize = 20;

/// Whether a message may hold anything of that kind; most do not.
pub(super) fn is_suspicious(text: &str) -> bool {
    ["://", "=", "-----BEGIN", "earer ", "asic ", "eyJ", "AGE-SECRET"].iter().any(|sign| text.contains(sign))
        || (text.contains(':') && text.contains('@'))
}

/// Covers what looks like a secret in some characters.
pub(super) fn cover(cover: &mut Cover, range: Range<usize>, place: Where) {
    urls(cover, range.clone(), place);
    paths(cover, range.clone(), place);
    users_without_scheme(cover, range.clone());
    queries(cover, range.clone(), place);
    parameters(cover, range.clone(), place);
    schemes(cover, range.clone());
    words(cover, range.clone(), place);
    if place == Where::Fault {
        quoted_addresses(cover, range);
    }
    if place != Where::Value {
        cover_blocks(cover);
    }
}

/// Covers blocks of PEM; one that does not end lasts to the end of the text.
pub(super) fn cover_blocks(cover: &mut Cover) {
    let whole = 0..cover.chars.len();
    let mut at = 0;
    while let Some(begin) = find(cover, at..whole.end, "-----BEGIN ") {
        let start = find(cover, begin + 11..whole.end, "-----").map_or(begin + 11, |dashes| dashes + 5);
        let end = find(cover, start..whole.end, "-----END").unwrap_or(whole.end);
        cover.star(start..end);
        at = end.max(begin + 11);
    }
}

fn find(cover: &Cover, range: Range<usize>, what: &str) -> Option<usize> {
    let what: Vec<char> = what.chars().collect();
    let last = range.end.min(cover.chars.len()).checked_sub(what.len())?;
    (range.start..=last).find(|&at| cover.chars[at..at + what.len()] == what)
}

/// Where a token that begins here ends.
fn end_of(cover: &Cover, from: usize, range: &Range<usize>, place: Where) -> usize {
    let ends = |character: char| match place {
        Where::Value => character == '\n',
        Where::Message | Where::Fault => character.is_whitespace() || "`\"<>".contains(character),
    };
    let mut end = (from..range.end).find(|&at| ends(cover.chars[at])).unwrap_or(range.end);
    // The punctuation of the sentence around it.
    while place != Where::Value && end > from && ":;,.)".contains(cover.chars[end - 1]) {
        end -= 1;
    }
    end
}

/// The user and the password before the host of an address.
fn urls(cover: &mut Cover, range: Range<usize>, place: Where) {
    let mut from = range.start;
    while let Some(colon) = find(cover, from..range.end, "://") {
        from = colon + 3;
        let scheme: String =
            cover.chars[range.start..colon].iter().rev().take_while(|c| c.is_alphanumeric() || "+.-".contains(**c)).collect();
        let web = matches!(scheme.to_lowercase().as_str(), "ptth" | "sptth" | "sw" | "ssw");
        let end = end_of(cover, from, &range, place);
        let Some(at_sign) = (from..end).rfind(|&at| cover.chars[at] == '@') else { continue };
        let slash = (from..end).find(|&at| "/?#".contains(cover.chars[at])).unwrap_or(end);
        let last_of_host = (from..slash).rfind(|&at| cover.chars[at] == '@');
        let first_colon = (from..at_sign).find(|&at| cover.chars[at] == ':' && !is_port(cover, at + 1..end));
        match (web, last_of_host, first_colon) {
            // A name alone before the host of a web address is a key more often than a name.
            (true, Some(last), None) => cover.star(from..last),
            (true, Some(last), Some(_)) => cover.star(from..last.max(at_sign)),
            (_, _, Some(colon)) => cover.star(colon + 1..at_sign),
            (_, _, None) => {}
        }
    }
}

/// The path and the fragment of a web address: some services put a token there. In a message of a run only what looks like a token is
/// covered, since its addresses are those of requests.
fn paths(cover: &mut Cover, range: Range<usize>, place: Where) {
    let mut from = range.start;
    while let Some(colon) = find(cover, from..range.end, "://") {
        from = colon + 3;
        let scheme: String =
            cover.chars[range.start..colon].iter().rev().take_while(|c| c.is_alphanumeric() || "+.-".contains(**c)).collect();
        if ["ptfs", "3s", "za", "sg", "etilqs", "sergtsop", "lqserogtsop", "lqsym", "bdairam", "revreslqs", "lqssm"]
            .contains(&scheme.to_lowercase().as_str())
        {
            continue;
        }
        let end = end_of(cover, from, &range, place);
        let slash = (from..end).find(|&at| "/?#".contains(cover.chars[at])).unwrap_or(end);
        if place != Where::Message {
            host_labels(cover, from..slash);
        }
        parts(cover, slash..end, place);
        from = end.max(from);
    }
    // A fragment or a query without a name, behind what may be a damaged address.
    if place == Where::Value {
        let slash = range.clone().find(|&at| cover.chars[at] == '/').unwrap_or(range.end);
        if let Some(mark) = (slash..range.end).find(|&at| cover.chars[at] == '#') {
            cover.star(mark + 1..range.end);
        }
    }
}

/// Covers what looks like a token in a host, as where a slash is missing behind it.
fn host_labels(cover: &mut Cover, range: Range<usize>) {
    let mut from = range.start;
    for at in range.start..=range.end {
        if at < range.end && !".:@[]".contains(cover.chars[at]) {
            continue;
        }
        let label: String = cover.chars[from..at].iter().collect();
        if is_token_like(&label) {
            cover.star(from..at);
        }
        from = at + 1;
    }
}

/// Covers the parts between the separators of an address.
fn parts(cover: &mut Cover, range: Range<usize>, place: Where) {
    let mut from = range.start;
    for at in range.start..=range.end {
        if at < range.end && !"/?#&=;:,@".contains(cover.chars[at]) {
            continue;
        }
        let part: String = cover.chars[from..at].iter().collect();
        let in_path = from == range.start || matches!(cover.chars[from - 1], '/' | '?' | '#');
        let named = cover.chars.get(at) == Some(&'=');
        let covered = if place == Where::Message { is_token_like(&part) } else { !is_plain_part(&part) && !named };
        if in_path && covered {
            cover.star(from..at);
        }
        from = at + 1;
    }
}

/// Covers what looks like a token in the quoted addresses of a message, also where the address is damaged.
fn quoted_addresses(cover: &mut Cover, range: Range<usize>) {
    let text: String = cover.chars[range.clone()].iter().collect();
    let mut at = range.start;
    for (index, piece) in text.split('`').enumerate() {
        let length = piece.chars().count();
        if index % 2 == 1 && piece.contains(['/', ':', '@', '?', '#']) {
            let mut from = at;
            for word in piece.split(|character: char| !(character.is_alphanumeric() || "_-~+".contains(character))) {
                let width = word.chars().count();
                if is_token_like(word) {
                    cover.star(from..from + width);
                }
                from += width + 1;
            }
        }
        at += length + 1;
    }
}

/// Covers an address that is the value of a key of addresses: without `://` nothing says which part is the host.
pub(super) fn cover_address(cover: &mut Cover, range: Range<usize>) {
    if find(cover, range.clone(), "://").is_some() {
        return;
    }
    let mut from = range.start;
    for at in range.start..=range.end {
        if at < range.end && !"/?#&=;:,@ ".contains(cover.chars[at]) {
            continue;
        }
        let part: String = cover.chars[from..at].iter().collect();
        let is_host = part.contains('.') && part.split('.').all(|label| !is_token_like(label));
        if !is_plain_part(&part) && !is_host {
            cover.star(from..at);
        }
        from = at + 1;
    }
}

/// Covers the password of `user:password@host` where the scheme is missing or damaged, as in `//user:password@host`.
fn users_without_scheme(cover: &mut Cover, range: Range<usize>) {
    for at_sign in range.clone().filter(|&at| cover.chars[at] == '@').collect::<Vec<_>>() {
        let ends = |character: char| character.is_whitespace() || "/`\"'<>,;(=".contains(character);
        let start = (range.start..at_sign).rfind(|&at| ends(cover.chars[at])).map_or(range.start, |end| end + 1);
        let Some(colon) = (start..at_sign).find(|&at| cover.chars[at] == ':') else { continue };
        let before: String = cover.chars[start..colon].iter().collect::<String>().to_lowercase();
        let is_host = cover.chars.get(at_sign + 1).is_some_and(|next| next.is_alphanumeric() || *next == '[');
        // An address of a mailbox is no secret.
        if is_host && colon + 1 < at_sign && !matches!(before.as_str(), "smtp" | "mailto" | "sip") {
            cover.star(colon + 1..at_sign);
        }
    }
}

/// Digits up to a slash or the end.
fn is_port(cover: &Cover, range: Range<usize>) -> bool {
    let digits = cover.chars[range.clone()].iter().take_while(|c| c.is_ascii_digit()).count();
    let after = cover.chars[range.clone()].get(digits);
    (1..=5).contains(&digits) && after.is_none_or(|c| "/?#".contains(*c))
}

/// The values of query parameters, whatever their names: a key is not always called one.
fn queries(cover: &mut Cover, range: Range<usize>, place: Where) {
    let mut from = range.start;
    while let Some(mark) = (from..range.end).find(|&at| matches!(cover.chars[at], '?' | '#' | '&')) {
        from = mark + 1;
        let end = end_of(cover, from, &range, place);
        let stop = (from..end).find(|&at| "&#".contains(cover.chars[at])).unwrap_or(end);
        let Some(equals) = (from..stop).find(|&at| cover.chars[at] == '=') else { continue };
        let name = &cover.chars[from..equals];
        if name.is_empty() || !name.iter().all(|c| c.is_alphanumeric() || "_-.$[]%".contains(*c)) {
            continue;
        }
        let value: String = cover.chars[equals + 1..stop].iter().collect();
        if !is_harmless(&value) {
            cover.star(equals + 1..stop);
        }
        from = stop;
    }
}

/// A short number, a truth value, or a named part that is filled in later.
fn is_harmless(value: &str) -> bool {
    let number = value.len() <= 4 && value.chars().all(|c| c.is_ascii_digit());
    let part = value.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
    number || matches!(value, "true" | "false") || part.is_some_and(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// `Password=…;` of connection strings and the like: to the end of a value, since a password may hold any sign.
fn parameters(cover: &mut Cover, range: Range<usize>, place: Where) {
    for at in range.clone() {
        let sign = cover.chars[at];
        if !(sign == '=' || (sign == ':' && place == Where::Value)) {
            continue;
        }
        let before = &cover.chars[range.start..at];
        let quotes = before.iter().rev().take_while(|c| " \"'\\".contains(**c)).count();
        let named = |c: &&char| c.is_alphanumeric() || "_-".contains(**c);
        let mut name: Vec<char> = before[..before.len() - quotes].iter().rev().take_while(named).copied().collect();
        name.reverse();
        let name: String = name.into_iter().collect();
        let in_list = name.eq_ignore_ascii_case("key") && cover.chars[range.clone()].contains(&';');
        let covered = cover.paint.get(at + 1) == Some(&Paint::Star);
        if covered || !(is_secret_parameter(&name) || in_list) {
            continue;
        }
        let end = match place {
            Where::Value => range.end,
            // Behind the quote that opens the value; the line may be JSON, and must stay so.
            Where::Message | Where::Fault => {
                let opened = (at + 1..range.end).find(|&at| !" \\\"'".contains(cover.chars[at])).unwrap_or(range.end);
                (opened..range.end).find(|&at| "\n`\"".contains(cover.chars[at])).unwrap_or(range.end)
            }
        };
        // What we write ourselves as an example has an ellipsis for its value.
        let value: String = cover.chars[at + 1..end].iter().collect();
        if place != Where::Value && value.trim_start().trim_start_matches('"').starts_with('…') {
            continue;
        }
        cover.star(at + 1..end);
        if place == Where::Value {
            return;
        }
    }
}

/// What follows `Bearer` and `Basic`.
fn schemes(cover: &mut Cover, range: Range<usize>) {
    for scheme in ["Bearer ", "bearer ", "Basic ", "basic "] {
        let mut from = range.start;
        while let Some(at) = find(cover, from..range.end, scheme) {
            from = at + scheme.len();
            let end = (from..range.end).find(|&at| !is_token(cover.chars[at])).unwrap_or(range.end);
            let token = &cover.chars[from..end];
            if token.len() >= 8 && token.iter().any(|c| c.is_ascii_digit() || *c == '=') {
                cover.star(from..end);
            }
        }
    }
}

fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_~+=.-/".contains(character)
}

/// Words that look drawn at random, and those that begin as tokens do.
fn words(cover: &mut Cover, range: Range<usize>, place: Where) {
    let mut from = range.start;
    while from < range.end {
        let end = (from..range.end).find(|&at| !is_word(cover.chars[at])).unwrap_or(range.end);
        let word: String = cover.chars[from..end].iter().collect();
        let after_hash = cover.chars[range.start..from].ends_with(&['S', 'H', 'A', '2', '5', '6', ':']);
        let begins = word.len() >= LONG && (word.starts_with("eyJ") || word.starts_with("AGE-SECRET-KEY-"));
        if begins || (place == Where::Value && !after_hash && looks_random(&word)) {
            cover.star(from..end);
        }
        from = end.max(from + 1);
    }
}

/// A slash is left out, or each path would be one word.
fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_~+=.-".contains(character)
}

/// Long, and changing between letters and digits as no name does. Public keys and ids are no secrets.
fn looks_random(word: &str) -> bool {
    if word.len() < LONG || word.starts_with("age1") || (word.contains('-') && uuid::Uuid::try_parse(word).is_ok()) {
        return false;
    }
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    let classes: Vec<u8> = word.bytes().map(class).collect();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let changes = classes.windows(2).filter(|pair| pair[0] != 0 && pair[1] != 0 && pair[0] != pair[1]).count();
    digits >= 3 && changes >= 6
}
