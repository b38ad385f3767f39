//! The words by which a row says that it counts or sums up the others, or ends the report.
//!
//! Some of these words are names of people too, so a word alone decides only where the rest of the row has no other word.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::cells::Cells;

/// Words that begin a total; these may also be followed by others.
const TOTALS: &[&str] = &[
    "total",
    "totals",
    "grand total",
    "subtotal",
    "subtotals",
    "sub-total",
    "sub total",
    "gesamt",
    "gesamtsumme",
    "gesamtanzahl",
    "gesamtzahl",
    "zwischensumme",
    "teilsumme",
    "insgesamt",
    "summe",
    "totaal",
    "eindtotaal",
    "subtotaal",
    "totale",
    "totale parziale",
    "subtotale",
    "totaux",
    "sous-total",
    "sous total",
    "suma",
    "suma parcial",
    "totais",
    "totalidade",
    "total geral",
    "celkem",
    "mezisoučet",
    "součet",
    "spolu",
    "medzisúčet",
    "razem",
    "ogółem",
    "łącznie",
    "összesen",
    "részösszeg",
    "toplam",
    "genel toplam",
    "ara toplam",
    "yhteensä",
    "välisumma",
    "totalt",
    "totalsumma",
    "delsumma",
    "delsum",
    "samlet",
    "итого",
    "всего",
    "итог",
    "промежуточный итог",
    "разом",
    "ukupno",
    "skupaj",
    "kokku",
    "kopā",
    "iš viso",
    "σύνολο",
    "合計",
    "小計",
    "総計",
    "总计",
    "合计",
    "小计",
    "총계",
    "합계",
    "소계",
];

/// Those of them that are names of people too: with other words behind them they may be a person.
const NAMES: &[&str] = &["suma", "toplam", "razem", "spolu", "samlet", "ukupno", "kokku"];

/// Words that a total also ends with, as in `IT total`.
const ENDINGS: &[&str] = &[
    "total",
    "totals",
    "subtotal",
    "sub-total",
    "summe",
    "gesamt",
    "insgesamt",
    "zwischensumme",
    "totaal",
    "totale",
    "totalt",
    "celkem",
    "ogółem",
    "összesen",
    "toplamı",
    "yhteensä",
    "итого",
    "всего",
    "合計",
    "小計",
    "合计",
    "小计",
    "총계",
    "소계",
];

/// Words that only a total or the end of a report begins with, if nothing but numbers is beside them: some are names of people too.
const COUNTS: &[&str] = &[
    "sum",
    "somme",
    "soma",
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
    "anzahl mitarbeiter",
    "anzahl datensätze",
    "anzahl zeilen",
    "nombre de lignes",
    "nombre d'enregistrements",
    "nombre de salariés",
    "effectif",
    "número de registros",
    "numero de registros",
    "número de empleados",
    "numero record",
    "numero righe",
    "numero dipendenti",
    "número de linhas",
    "aantal",
    "aantal records",
    "aantal medewerkers",
    "antal",
    "antal rader",
    "antal rækker",
    "antall",
    "antall rader",
    "liczba",
    "liczba rekordów",
    "počet",
    "počet záznamů",
    "lukumäärä",
    "rivimäärä",
    "kayıt sayısı",
    "количество",
    "количество записей",
    "件数",
    "人数",
    "记录数",
    "건수",
    "trailer",
    "trl",
    "footer",
    "fußzeile",
    "endsatz",
    "schlusssatz",
    "nachsatz",
    "pied de page",
    "end",
    "ende",
    "eof",
    "end of file",
    "end of report",
    "end of list",
    "fin",
    "fine",
    "einde",
    "fim",
    "slut",
    "slutt",
    "konec",
    "koniec",
    "loppu",
    "vége",
    "конец",
];

/// Words that number the pages of a report.
const PAGES: &[&str] = &[
    "page",
    "seite",
    "blatt",
    "página",
    "pagina",
    "side",
    "sida",
    "strona",
    "str.",
    "strana",
    "sivu",
    "sayfa",
    "oldal",
    "стр.",
    "страница",
    "ページ",
    "页",
    "第",
];

/// The words between the number of a page and the number of pages.
const OF_PAGES: &[&str] = &["of", "von", "sur", "de", "di", "van", "af", "av", "z", "ze", "из", "/", "/ "];

/// A row that consists of one of these texts ends a report.
const ENDS: &[&str] = &[
    "end of file",
    "end of report",
    "end of list",
    "end of data",
    "end of export",
    "end of document",
    "end of page",
    "ende der datei",
    "ende des berichts",
    "ende der liste",
    "dateiende",
    "listenende",
    "ende des exports",
    "fin de fichier",
    "fin du fichier",
    "fin du rapport",
    "fin de liste",
    "fin de la liste",
    "fin del archivo",
    "fin de archivo",
    "fin del fichero",
    "fin del informe",
    "fin del listado",
    "fine file",
    "fine del file",
    "fine rapporto",
    "fine elenco",
    "einde bestand",
    "einde van het bestand",
    "einde rapport",
    "einde lijst",
    "fim do arquivo",
    "fim do ficheiro",
    "fim do relatório",
    "fim da lista",
    "slut på fil",
    "slut på filen",
    "slut på rapport",
    "slut på rapporten",
    "slutt på fil",
    "konec souboru",
    "konec sestavy",
    "koniec pliku",
    "koniec raportu",
    "koniec súboru",
    "tiedoston loppu",
    "fájl vége",
    "dosya sonu",
    "конец файла",
    "конец отчета",
    "конец отчёта",
];

/// What follows the number of rows that a database client counts.
const COUNTED: &[&str] = &[
    "row",
    "rows",
    "record",
    "records",
    "zeile",
    "zeilen",
    "datensätze",
    "lines",
    "employees",
    "mitarbeiter",
    "lignes",
    "enregistrements",
    "salariés",
    "filas",
    "registros",
    "empleados",
    "righe",
    "dipendenti",
    "rijen",
    "medewerkers",
    "rader",
    "linhas",
];

/// What a word at the beginning of a row may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Total,
    Count,
    Page,
}

type WordsByStart = HashMap<[u8; 2], Vec<(&'static str, Family)>>;

/// The words by their first two bytes in lower case: every row asks, and hardly any begins like one of them.
static WORDS: LazyLock<WordsByStart> = LazyLock::new(|| {
    let mut words = WordsByStart::new();
    for (list, family) in [(TOTALS, Family::Total), (COUNTS, Family::Count), (PAGES, Family::Page)] {
        for word in list {
            words.entry([word.as_bytes()[0], word.as_bytes()[1]]).or_default().push((word, family));
        }
    }
    words
});

/// Whether a cell says what was counted, as in `40 employees` or `employees` beside its number.
fn names_what_is_counted(text: &str) -> bool {
    let bare = text.trim_start_matches(|c: char| c.is_ascii_digit() || c.is_whitespace()).to_lowercase();
    COUNTED.contains(&bare.as_str())
}

/// Whether a row counts or sums up the others, numbers a page, or ends the report.
pub(super) fn is_total(row: &impl Cells, width: usize) -> bool {
    let filled = || (0..row.count()).map(|index| row.text(index).trim()).filter(|text| !text.is_empty());
    let Some(first) = filled().next() else { return false };
    let words_beside = || filled().skip(1).any(|text| text.contains(char::is_alphabetic));
    let sparse = || filled().count() * 2 <= width;
    let found = Label::of(first);
    let by_label = match found {
        Some(Label::Marked) => true,
        Some(Label::Total) => !words_beside() || sparse() || filled().skip(1).any(names_what_is_counted),
        Some(Label::TotalOf) => !words_beside() || (sparse() && filled().count() <= 2),
        Some(Label::NameOf) => sparse() && (!words_beside() || filled().count() <= 2),
        Some(Label::Count) => !words_beside() || is_end(filled()),
        Some(Label::Phrase) => is_end(filled()),
        Some(Label::Page) => is_page(&joined(filled()), sparse()),
        None => false,
    };
    by_label || ends_with_total(first, filled)
}

/// `IT total` beside nothing but numbers, or `IT`, `Total` and nothing but numbers.
fn ends_with_total<'t, I: Iterator<Item = &'t str>>(first: &'t str, filled: impl Fn() -> I) -> bool {
    let is_number = |text: &str| text.contains(|c: char| c.is_ascii_digit()) && !text.contains(char::is_alphabetic);
    let is_ending = |word: &str| ENDINGS.iter().any(|ending| word.eq_ignore_ascii_case(ending) || word.to_lowercase() == *ending);
    let numbers_after = |skip: usize| filled().nth(skip).is_some() && filled().skip(skip).all(is_number);
    if !numbers_after(1) && !numbers_after(2) {
        return false;
    }
    if first.contains(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let last_word = first.trim_end_matches([':', '*', ' ']).rsplit(char::is_whitespace).next().unwrap_or_default();
    (last_word.len() < first.len() && is_ending(last_word) && numbers_after(1))
        || (filled().nth(1).is_some_and(|second| is_ending(second.trim_end_matches(':'))) && numbers_after(2))
}

/// The cells as one text with single blanks.
fn joined<'t>(cells: impl Iterator<Item = &'t str>) -> String {
    // What ends a report is short.
    let words = cells.flat_map(str::split_whitespace).take(16);
    words.collect::<Vec<_>>().join(" ").trim_matches(['"', '\'', '*', '#', '-', '=', ' ', '.', ':']).to_lowercase()
}

fn is_end<'t>(cells: impl Iterator<Item = &'t str>) -> bool {
    ENDS.contains(&joined(cells).as_str())
}

/// `page 1 of 3`, `seite 1/3`, and `page 1` where hardly anything is beside it: Page is also a surname.
fn is_page(text: &str, sparse: bool) -> bool {
    let Some(word) = PAGES.iter().filter(|word| text.starts_with(**word)).max_by_key(|word| word.len()) else { return false };
    let number =
        |text: &str| -> Option<usize> { Some(text.bytes().take_while(u8::is_ascii_digit).count()).filter(|count| *count > 0) };
    let rest = text[word.len()..].trim_start_matches([' ', ':', '.', '-']);
    let Some(digits) = number(rest) else { return false };
    let rest = rest[digits..].trim_start_matches([' ', '页', 'ペ', 'ー', 'ジ']);
    let after = OF_PAGES.iter().find_map(|of| rest.strip_prefix(of)).map(str::trim_start);
    (rest.is_empty() && sparse) || after.is_some_and(|after| number(after).is_some_and(|digits| digits == after.len()))
}

/// Whether a text is a word for a total or the end of a report, whatever is beside it.
pub(super) fn is_trailer_word(text: &str) -> bool {
    matches!(Label::of(text.trim()), Some(Label::Marked | Label::Total | Label::Count))
}

/// How sure the first text of a row says that it is a total.
#[derive(Clone, Copy)]
enum Label {
    /// `Total:`, `(40 rows affected)`.
    Marked,
    /// A word for a total, with or without a number: `Total`, `Summe 40`.
    Total,
    /// A total with its unit: `Total employees`.
    TotalOf,
    /// `Suma Rao`, which is also a name.
    NameOf,
    /// `Sum`, `Count 40`, `TRAILER`.
    Count,
    /// `End of file` in one cell.
    Phrase,
    /// The number of a printed page: `Page 1`.
    Page,
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
        let folded;
        let lower = if plain.is_ascii() {
            plain
        } else {
            folded = plain.to_lowercase();
            &folded
        };
        let start = [*lower.as_bytes().first()?, *lower.as_bytes().get(1)?].map(|byte| byte.to_ascii_lowercase());
        let candidates = WORDS.get(&start)?;
        let begins = |word: &str| lower.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        // Of two words of the same length the total counts.
        let longest = |family: Family| {
            candidates
                .iter()
                .filter(|(word, of)| *of == family && begins(word))
                .map(|(word, _)| *word)
                .max_by_key(|word| word.len())
        };
        let (word, family) = [Family::Total, Family::Count, Family::Page]
            .into_iter()
            .find_map(|family| longest(family).map(|word| (word, family)))?;
        Self::of_rest(&lower[word.len()..], family, NAMES.contains(&word))
    }

    /// What the text behind the word makes of it.
    fn of_rest(rest: &str, family: Family, is_name: bool) -> Option<Self> {
        if family == Family::Page {
            return Some(Self::Page);
        }
        let of_total = family == Family::Total;
        let behind = rest.trim_start();
        if behind.starts_with([':', '=']) || (of_total && rest.starts_with(char::is_whitespace) && rest.contains(':')) {
            return Some(Self::Marked);
        }
        let alone = behind.is_empty() || (!behind.contains(char::is_alphabetic) && behind.contains(|c: char| c.is_ascii_digit()));
        match (alone, of_total) {
            (true, true) => Some(Self::Total),
            (true, false) => Some(Self::Count),
            (false, true) if rest.starts_with(char::is_whitespace) => Some(if is_name { Self::NameOf } else { Self::TotalOf }),
            (false, false) if rest.starts_with(char::is_whitespace) => Some(Self::Phrase),
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
