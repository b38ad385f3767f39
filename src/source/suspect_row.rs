//! Rows that are no records although they have the right number of cells: the header once more, rules of dashes, totals.

use std::collections::HashSet;

use super::assemble::Cells;
use super::error::FaultKind;
use crate::record::is_invisible;

/// The column names as rows are compared with them.
#[derive(Debug)]
pub(super) struct Names {
    folded: Vec<String>,
    set: HashSet<String>,
    /// The first bytes and the lengths of names, so that hardly any row needs a closer look.
    starts: [bool; 256],
    lengths: u64,
}

impl Names {
    pub(super) fn new(names: &[&str]) -> Self {
        let folded: Vec<String> = names.iter().map(|name| fold(name)).collect();
        let (mut starts, mut lengths) = ([false; 256], 0);
        for name in folded.iter().filter(|name| !name.is_empty()) {
            for byte in name.bytes().take(1) {
                starts[usize::from(byte)] = true;
                starts[usize::from(byte.to_ascii_uppercase())] = true;
            }
            lengths |= 1 << (name.len() % 64);
        }
        let set = folded.iter().filter(|name| !name.is_empty()).cloned().collect();
        Self { folded, set, starts, lengths }
    }

    /// What a row is that is no record.
    pub(super) fn suspicion(&self, row: &impl Cells) -> Option<FaultKind> {
        let first = (0..row.count()).find(|&index| !is_blank(row.text(index)))?;
        if is_rule((first..row.count()).map(|index| row.text(index))) {
            Some(FaultKind::Rule)
        } else if self.again(row, first) {
            Some(FaultKind::HeaderAgain)
        } else if is_total(row, self.folded.len()) {
            Some(FaultKind::Total)
        } else {
            None
        }
    }

    /// Whether most of what a row holds are the names of its own columns, or all of it the names in another order.
    fn again(&self, row: &impl Cells, first: usize) -> bool {
        let is_own = |index: usize| self.folded.get(index).is_some_and(|name| is_same(row.text(index), name));
        let filled = || (first..row.count()).filter(|&index| !is_blank(row.text(index)));
        // Every row comes here: its first two values decide about nearly all of them.
        if filled().take(2).any(is_own) {
            let (all, own) = (filled().count(), filled().filter(|&index| is_own(index)).count());
            if own * 2 > all && (own > 1 || self.set.len() == 1) {
                return true;
            }
        }
        self.may_be_name(row.text(first)) && self.set.contains(&fold(row.text(first))) && self.is_permuted(row, first)
    }

    fn may_be_name(&self, text: &str) -> bool {
        match text.as_bytes() {
            [byte, ..] if text.is_ascii() && byte.is_ascii_alphanumeric() => {
                self.starts[usize::from(*byte)] && self.lengths & (1 << (text.trim_end().len() % 64)) != 0
            }
            _ => true,
        }
    }

    fn is_permuted(&self, row: &impl Cells, first: usize) -> bool {
        let mut met = HashSet::new();
        let mut cells = (first..row.count()).map(|index| row.text(index)).filter(|text| !is_blank(text));
        let names = cells.by_ref().take_while(|text| {
            let folded = fold(text);
            self.set.contains(&folded) && met.insert(folded)
        });
        names.count() == self.set.len() && self.set.len() > 1 && cells.next().is_none()
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// A name without what may differ between two exports: case, blanks, quotes around it, characters that have no width.
fn fold(name: &str) -> String {
    let visible: String = name.chars().filter(|&character| !is_invisible(character)).collect();
    let bare = visible.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '“' | '”' | '„' | '`' | '´'));
    bare.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether a text folds to this name; most texts differ in their first character or their length, and cost nothing more.
fn is_same(text: &str, name: &str) -> bool {
    let plain = text.trim();
    if name.is_empty() || plain.is_empty() {
        return false;
    }
    if plain.is_ascii() && plain.as_bytes()[0].is_ascii_alphanumeric() && !plain.contains(['"', '\'', '`', '\n', '\r', '\t']) {
        return plain.eq_ignore_ascii_case(name) || (plain.contains("  ") && fold(plain) == name);
    }
    // At most every fourth byte of what is folded away is seen in neither.
    plain.len() <= name.len() * 4 + 64 && fold(plain) == name
}

/// Whether every cell consists of dashes and their kin, as below the header of a printed table.
pub(super) fn is_rule<'t>(mut cells: impl Iterator<Item = &'t str>) -> bool {
    let of_rule = |character: char| {
        character.is_whitespace()
            || matches!(character, '-' | '=' | '_' | '+' | '|' | '*' | '~' | ':' | '\u{2010}'..='\u{2015}' | '\u{2212}')
            || ('\u{2500}'..='\u{257f}').contains(&character)
    };
    cells.all(|text| text.chars().all(of_rule))
}

/// Words that begin a total; these may also be followed by others.
const TOTALS: &[&str] = &[
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sub-total",
    "sub total",
    "gesamt",
    "gesamtsumme",
    "gesamtanzahl",
    "zwischensumme",
    "insgesamt",
    "summe",
    "totaal",
    "totale",
    "totaux",
    "suma",
    "celkem",
    "razem",
    "ogółem",
    "összesen",
    "toplam",
    "yhteensä",
    "totalt",
    "samlet",
    "итого",
    "всего",
    "合計",
    "总计",
    "合计",
    "총계",
];

/// Words that only a total or the end of a report begins with, if nothing but numbers is beside them: some are names of people too.
const COUNTS: &[&str] = &[
    "sum",
    "somme",
    "count",
    "anzahl",
    "headcount",
    "record count",
    "row count",
    "rows",
    "records",
    "number of records",
    "number of employees",
    "number of rows",
    "end",
    "ende",
    "eof",
    "end of file",
    "end of report",
    "end of list",
    "fin",
    "fine",
];

/// What follows the number of rows that a database client counts.
const COUNTED: &[&str] =
    &["row", "rows", "record", "records", "zeile", "zeilen", "datensätze", "lines", "employees", "mitarbeiter"];

/// Whether a cell says what was counted, as in `40 employees` or `employees` beside its number.
fn names_what_is_counted(text: &str) -> bool {
    let bare = text.trim_start_matches(|c: char| c.is_ascii_digit() || c.is_whitespace()).to_lowercase();
    COUNTED.contains(&bare.as_str())
}

/// Whether a row counts or sums up the others.
pub(super) fn is_total(row: &impl Cells, width: usize) -> bool {
    let filled = || (0..row.count()).map(|index| row.text(index).trim()).filter(|text| !text.is_empty());
    let Some(label) = filled().next().and_then(Label::of) else { return false };
    let words_beside = || filled().skip(1).any(|text| text.contains(char::is_alphabetic));
    let sparse = || filled().count() * 2 <= width;
    match label {
        Label::Marked => true,
        Label::Total => !words_beside() || sparse() || filled().skip(1).any(names_what_is_counted),
        Label::TotalOf => sparse() && (!words_beside() || filled().count() <= 2),
        Label::Count => !words_beside(),
    }
}

/// How sure the first text of a row says that it is a total.
#[derive(Clone, Copy)]
enum Label {
    /// `Total:`, `(40 rows affected)`.
    Marked,
    /// `Total`, `Summe 40`.
    Total,
    /// `Total employees`.
    TotalOf,
    /// `Sum`, `Count 40`.
    Count,
}

impl Label {
    fn of(text: &str) -> Option<Self> {
        let plain = text.trim_matches(['"', '\'', '*', '#', ' ']);
        if is_counted(plain) {
            return Some(Self::Marked);
        }
        // Every row comes here, and hardly any key begins with two letters.
        if !plain.chars().take(2).all(char::is_alphabetic) {
            return None;
        }
        let lower = if plain.is_ascii() { String::new() } else { plain.to_lowercase() };
        let starts = |word: &&str| {
            plain.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) || lower.starts_with(*word)
        };
        let longest = |words: &[&'static str]| words.iter().filter(|word| starts(word)).max_by_key(|word| word.len()).copied();
        let (word, of_total) = match (longest(TOTALS), longest(COUNTS)) {
            (Some(word), _) => (word, true),
            (None, Some(word)) => (word, false),
            (None, None) => return None,
        };
        let rest: String = plain.chars().skip(word.chars().count()).collect();
        let behind = rest.trim_start();
        if behind.starts_with([':', '=']) || (of_total && rest.starts_with(char::is_whitespace) && rest.contains(':')) {
            return Some(Self::Marked);
        }
        let alone = behind.is_empty() || (!behind.contains(char::is_alphabetic) && behind.contains(|c: char| c.is_ascii_digit()));
        match (alone, of_total) {
            (true, true) => Some(Self::Total),
            (true, false) => Some(Self::Count),
            (false, true) if rest.starts_with(char::is_whitespace) => Some(Self::TotalOf),
            _ => None,
        }
    }
}

/// `(40 rows affected)`, `40 rows selected.`
fn is_counted(text: &str) -> bool {
    let inside = text.strip_prefix('(').unwrap_or(text);
    if !inside.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let rest = inside.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
    let word = rest.split_whitespace().next().unwrap_or_default().trim_end_matches([')', '.', '(']);
    rest.starts_with(' ') && COUNTED.contains(&word.to_lowercase().as_str()) && rest.split_whitespace().count() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Cells for Vec<&str> {
        fn line(&self) -> u64 {
            1
        }

        fn count(&self) -> usize {
            self.len()
        }

        fn text(&self, index: usize) -> &str {
            self[index]
        }

        fn spot(&self, _: usize) -> (u64, Option<u64>) {
            (1, None)
        }

        fn size(&self) -> usize {
            0
        }
    }

    fn suspicion(names: &[&str], row: &[&str]) -> Option<FaultKind> {
        Names::new(names).suspicion(&row.to_vec())
    }

    #[test]
    fn the_header_is_known_again_in_any_dress() {
        let names = ["EmployeeID", "First Name", "Größe", "Status"];
        for row in [
            ["EmployeeID", "First Name", "Größe", "Status"],
            [" employeeid", "FIRST  NAME", "größe ", "status\t"],
            ["\u{feff}EmployeeID", "First\nName", "\u{200b}Größe", "\"Status\""],
            ["\"EmployeeID\"", "'First Name'", "Größe", "Status"],
            ["Status", "EmployeeID", "First Name", "Größe"],
            // The second export calls a column by another name, or leaves some out.
            ["EmployeeID", "First Name", "Height", "Status"],
            ["EmployeeID", "First Name", "", ""],
        ] {
            assert_eq!(suspicion(&names, &row), Some(FaultKind::HeaderAgain), "{row:?}");
        }
        for row in [
            ["1001", "Status", "Größe", "x"],
            ["EmployeeID", "Ann", "1", "Active"],
            ["", "First Name", "", ""],
            ["Status", "Ann", "1", "Active"],
            ["1", "Ann", "", "Status"],
        ] {
            assert_eq!(suspicion(&names, &row), None, "{row:?}");
        }
        assert_eq!(suspicion(&["Id"], &["ID"]), Some(FaultKind::HeaderAgain));
        assert_eq!(suspicion(&["Manager", "Director"], &["Manager", "Director"]), Some(FaultKind::HeaderAgain));
        assert_eq!(suspicion(&["Name", "Title"], &["Title", "Ann"]), None);
    }

    #[test]
    fn a_row_of_dashes_is_a_rule_and_a_dash_in_a_record_is_none() {
        for row in [
            vec!["----------", "---------", "------"],
            vec!["-----+-----+-----"],
            vec!["===", "", "=="],
            vec![" ---- ", ":---:", "__"],
            vec!["────", "────"],
            vec!["-", "-"],
        ] {
            assert_eq!(suspicion(&["Id", "Name", "Dept"], &row), Some(FaultKind::Rule), "{row:?}");
        }
        for row in [["1001", "-", "---"], ["-", "Ann", "-"], ["+49 30", "-", "-"]] {
            assert_eq!(suspicion(&["Id", "Name", "Dept"], &row), None, "{row:?}");
        }
    }

    #[test]
    fn totals_are_known_by_their_words_and_people_of_these_names_are_not() {
        let names = ["Id", "First", "Last", "Dept"];
        for row in [
            ["Total", "", "", "40"],
            ["Total: 40", "", "", ""],
            ["Total:", "40 employees", "Date 2026-11-30", ""],
            ["Total", "40 employees", "Date 2026-11-30", ""],
            ["Total", "2", "employees", "2 depts"],
            ["Grand Total", "40", "", ""],
            ["Summe", "40", "12,5", "3"],
            ["Gesamt 40", "", "", ""],
            ["Total employees", "40", "", ""],
            ["Total number of employees: 40", "", "", ""],
            ["", "Итого", "", "40"],
            ["合計", "", "40", ""],
            ["(40 rows affected)", "", "", ""],
            ["40 rows selected.", "", "", ""],
            ["Sum", "1", "2", "3"],
            ["End of report", "", "", ""],
        ] {
            assert_eq!(suspicion(&names, &row), Some(FaultKind::Total), "{row:?}");
        }
        for row in [
            ["Sum", "Li", "IT", "x"],
            ["Total", "Anna", "Berg", "IT"],
            ["Totalrewards", "", "", "40"],
            ["Total Rewards", "Anna", "Berg", "IT"],
            ["Ende", "Michael", "", ""],
            ["Count", "Basie", "Music", ""],
            ["Endert", "", "", ""],
            ["40", "Rows", "Ann", "IT"],
            ["1001", "Total", "Sum", "40"],
        ] {
            assert_eq!(suspicion(&names, &row), None, "{row:?}");
        }
    }
}
