//! Rows that are no records although they have the right number of cells: the header once more, rules of dashes, totals.

use std::collections::HashSet;

use super::cells::Cells;
use super::total_words::is_total;
use crate::record::is_invisible;
use crate::source::error::FaultKind;

/// The column names as rows are compared with them.
#[derive(Debug)]
pub(in crate::source) struct Names {
    folded: Vec<String>,
    /// The names by their letters and digits alone.
    bare: Vec<String>,
    set: HashSet<String>,
    /// The first bytes and the lengths of names, so that hardly any row needs a closer look.
    starts: [bool; 256],
    lengths: u64,
}

impl Names {
    pub(in crate::source) fn new(names: &[&str]) -> Self {
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
        let bare = folded.iter().map(|name| bare(name)).collect();
        Self { folded, bare, set, starts, lengths }
    }

    /// What a row is that is no record.
    pub(super) fn suspicion(&self, row: &impl Cells) -> Option<FaultKind> {
        let first = (0..row.count()).find(|&index| !is_blank(row.text(index)))?;
        if is_rule((first..row.count()).map(|index| row.text(index))) {
            Some(FaultKind::Rule)
        } else if self.again(row, first) || self.respelled(row) {
            Some(FaultKind::HeaderAgain)
        } else if is_one_text(row) {
            Some(FaultKind::Placeholders)
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

    /// Whether every filled cell is the name of its column in another spelling: `FIRST_NAME` below `firstName`.
    fn respelled(&self, row: &impl Cells) -> bool {
        let mut filled = 0;
        for index in (0..row.count()).filter(|&index| !is_blank(row.text(index))) {
            let Some(name) = self.bare.get(index).filter(|name| !name.is_empty()) else { return false };
            if !is_bare(row.text(index), name) {
                return false;
            }
            filled += 1;
        }
        filled > 1
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

/// A text by its letters and digits alone.
fn bare(text: &str) -> String {
    text.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a text has these letters and digits; most differ in the first one.
fn is_bare(text: &str, name: &str) -> bool {
    let mut letters = text.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase);
    let mut wanted = name.chars();
    loop {
        match (letters.next(), wanted.next()) {
            (None, None) => return true,
            (one, other) if one != other => return false,
            _ => {}
        }
    }
}

/// Whether all cells have the same text in place of a value: `NULL,NULL,NULL`, `string,string,string`. Another text than the usual ones
/// must fill a wider row and have no digits, because a list of departments may have the row `IT,IT,IT`, and dates may be the same.
fn is_one_text(row: &impl Cells) -> bool {
    const WORDS: [&str; 14] =
        ["null", "nil", "none", "nan", "n/a", "na", "#n/a", "undefined", "string", "text", "varchar", "char", "empty", "(null)"];
    const FEWEST: usize = 3;
    const FEWEST_OF_ANY: usize = 5;
    let first = row.text(0).trim();
    if row.count() < FEWEST
        || first.is_empty()
        || (1..row.count()).any(|index| !row.text(index).trim().eq_ignore_ascii_case(first))
    {
        return false;
    }
    let usual = WORDS.iter().any(|word| word.eq_ignore_ascii_case(first)) || first.bytes().all(|byte| byte == b'0');
    usual || (row.count() >= FEWEST_OF_ANY && !first.bytes().any(|byte| byte.is_ascii_digit()))
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
    fn the_header_in_another_spelling_and_a_row_of_one_text_are_no_people() {
        let names = ["empNo", "firstName", "lastName"];
        for row in [
            ["EMP_NO", "FIRST_NAME", "LAST_NAME"],
            ["Emp. No", "First-Name", "Last Name"],
            ["emp no", "first name", ""],
            ["\u{feff}EMP_NO", "First Name:", "last.name"],
        ] {
            assert_eq!(suspicion(&names, &row), Some(FaultKind::HeaderAgain), "{row:?}");
        }
        for row in [["NULL"; 3], ["0"; 3], ["string"; 3], ["n/a"; 3]] {
            assert_eq!(suspicion(&names, &row), Some(FaultKind::Placeholders), "{row:?}");
        }
        assert_eq!(suspicion(&names, &["null", "NULL", " Null "]), Some(FaultKind::Placeholders));
        assert_eq!(suspicion(&["a", "b", "c", "d", "e"], &["x"; 5]), Some(FaultKind::Placeholders));
        for row in [
            ["IT", "IT", "IT"],
            ["1001", "First", "Name"],
            ["1001", "Lee", "Lee"],
            ["NULL", "NULL", "Lee"],
            ["EMP_NO", "Ann", "Lee"],
            ["", "", "x"],
        ] {
            assert_eq!(suspicion(&names, &row), None, "{row:?}");
        }
        assert_eq!(suspicion(&["Id", "Name"], &["7", "7"]), None, "two cells may be alike");
        assert_eq!(suspicion(&["a", "b", "c", "d", "e"], &["2026-12-31"; 5]), None);
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
            // In few columns a total fills most of them.
            ["IT total", "1", "", ""],
            ["IT total", "1", "2", "3"],
            ["IT", "Total", "1", ""],
            ["Subtotal IT", "1", "1", ""],
            ["Zwischensumme IT", "1", "1", "2,5"],
            ["Sous-total IT", "1", "1", ""],
            ["Всего по отделу", "1", "1", ""],
            ["TRAILER", "2", "", ""],
            ["Trailer: 2", "x", "y", ""],
            ["Effectif", "40", "", ""],
            ["Anzahl Mitarbeiter", "40", "", ""],
            ["Page 1", "of", "1", ""],
            ["Seite 1 von 3", "", "", ""],
            ["Página", "1", "de", "3"],
            ["page 1/3", "", "", ""],
            ["Page 1", "", "", ""],
            ["End", "of", "file", ""],
            ["*** Ende", "der", "Liste ***", ""],
            ["Fin du fichier", "", "", ""],
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
            ["Suma Rao", "1001", "01.02.2020", "40"],
            ["Page", "Larry", "1001", ""],
            ["Page", "1001", "02.03.2020", "4"],
            ["Ende Michael", "1001", "2020", "4"],
            ["Anna", "Total", "Berg", "IT"],
            ["IT7", "Total", "5", ""],
        ] {
            assert_eq!(suspicion(&names, &row), None, "{row:?}");
        }
    }
}
