//! Names with `*`, the only sign of a pattern in paths and members.

use glob::Pattern;

/// A pattern in which `*` stands for any characters; brackets and question marks are characters of file names.
#[derive(Clone, Debug)]
pub(super) struct Wildcard(Pattern);

impl Wildcard {
    /// The pattern of this text.
    pub(super) fn new(text: &str) -> Self {
        Self(Pattern::new(&escaped(text)).expect("only single stars are left unescaped"))
    }

    /// Whether a name fits.
    pub(super) fn fits(&self, name: &str) -> bool {
        self.0.matches(name)
    }
}

/// The text as `glob` reads it: everything but `*` is escaped, and several stars are one.
pub(super) fn escaped(text: &str) -> String {
    let mut parts = text.split('*').map(Pattern::escape).peekable();
    let mut pattern = parts.next().unwrap_or_default();
    while let Some(part) = parts.next() {
        if !(part.is_empty() && parts.peek().is_some()) {
            pattern.push('*');
            pattern.push_str(&part);
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters_and_nothing_else_is_special() {
        for (pattern, name, fit) in [
            ("*.csv", "a.csv", true),
            ("hr-*-full*.csv", "hr-2026-full-2.csv", true),
            ("hr-*-full*.csv", "hr-full.csv", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("hr.csv", "hr.csv", true),
            ("hr*", "other", false),
            ("hr[1]?.csv", "hr[1]?.csv", true),
            ("hr[1].csv", "hr1.csv", false),
            ("a**b", "a-b", true),
            ("**", "", true),
            ("*", ".hidden", true),
            ("x*", "x/y", true),
        ] {
            assert_eq!(Wildcard::new(pattern).fits(name), fit, "{pattern} {name}");
        }
    }
}
