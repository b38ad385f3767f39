//! Writes texts as TOML. No text from outside can end its string or comment.

use std::fmt::Write as _;

/// A string of TOML that reads as this text, in the form that needs the fewest escapes.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |letter: char| letter != '\u{7f}' && (!letter.is_control() || letter == '\t');
    if text.chars().all(|letter| plain(letter) && !matches!(letter, '"' | '\\')) {
        return format!("\"{text}\"");
    }
    if text.chars().all(plain) && !text.contains('\'') {
        return format!("'{text}'");
    }
    let lines = text.replace("\r\n", "\n");
    if lines.chars().all(|letter| plain(letter) || letter == '\n') && !lines.contains("'''") && !lines.ends_with('\'') {
        return format!("'''\n{lines}'''");
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if plain(letter) => out.push(letter),
            _ => {
                let _ = write!(out, "\\u{:04X}", letter as u32);
            }
        }
    }
    out.push('"');
    out
}

/// A key of TOML.
pub(crate) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'));
    if bare { name.to_owned() } else { quoted(name) }
}

/// A text as comments, each line behind `# `; nothing in it can leave them.
pub(crate) fn comment(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        out.push_str("# ");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_reads_as_it_was() {
        for text in [
            "",
            "a",
            "\"q\"",
            "it's \"b\"",
            "a\nb",
            "'''\n\"",
            "back\\slash",
            "tab\there",
            "\u{1}\u{7f}",
            "ends with '",
            "a\r\nb'",
        ] {
            let file = format!("a = {}", quoted(text));
            let table: toml::Table = file.parse().unwrap();
            let found = table["a"].as_str().unwrap();
            assert_eq!(found.replace("\r\n", "\n"), text.replace("\r\n", "\n"), "{file}");
        }
    }

    #[test]
    fn comments_stay_comments() {
        assert_eq!(comment("a\nb = 1\r\n\u{1}c"), "# a\n# b = 1\n#  c\n");
    }
}
