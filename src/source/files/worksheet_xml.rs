//! What the XML of an `.xlsx` sheet shows and its values do not: formulas without a result, merged cells, cells that no sheet has.
//!
//! The values themselves are read by calamine, which computes with any reference and takes a formula without a result for an empty
//! cell. So the sheet is looked through first, as a stream: nothing is laid out before every reference was found to be one.

use std::io::{BufRead, BufReader, Cursor};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

/// The last row and the last column of a sheet.
pub(super) const ROWS: u64 = 1_048_576;
pub(super) const COLUMNS: u64 = 16_384;

/// What was found in a sheet.
#[derive(Debug, Default)]
pub(in crate::source) struct Found {
    /// Cells with a formula and no result: row and column from 1.
    pub(super) without_result: Vec<(u64, u64)>,
    pub(in crate::source) merged: Vec<Area>,
    /// The rows with values that the sheet does not show.
    pub(in crate::source) hidden: Vec<u64>,
}

/// A rectangle of cells, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct Area {
    pub(in crate::source) first: (u64, u64),
    pub(in crate::source) last: (u64, u64),
}

/// Why a sheet cannot be looked through.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source) enum Broken {
    /// A reference that no sheet has.
    Outside(String),
    /// Its XML, or the archive around it.
    Xml(String),
}

impl From<quick_xml::Error> for Broken {
    fn from(error: quick_xml::Error) -> Self {
        Self::Xml(error.to_string())
    }
}

/// Looks through a sheet of a workbook.
pub(super) fn look_through(book: &[u8], sheet: &str) -> Result<Found, Broken> {
    let mut archive = ZipArchive::new(Cursor::new(book)).map_err(|error| Broken::Xml(error.to_string()))?;
    let part =
        sheet_part(&mut archive, sheet)?.ok_or_else(|| Broken::Xml(format!("the part of sheet `{sheet}` is not there")))?;
    scan(open(&mut archive, &part)?)
}

type Archive<'b> = ZipArchive<Cursor<&'b [u8]>>;

/// The name of the member that holds a sheet.
fn sheet_part(archive: &mut Archive<'_>, sheet: &str) -> Result<Option<String>, Broken> {
    let root = relations(archive, "_rels/.rels")?;
    let main = root.into_iter().find(|relation| relation.kind.ends_with("/relationships/officeDocument"));
    let main = main.map_or_else(|| "xl/workbook.xml".to_owned(), |main| main.target.trim_start_matches('/').to_owned());
    let (folder, name) = main.rsplit_once('/').map_or(("", main.as_str()), |(folder, name)| (folder, name));
    let Some(part) = member(archive, &main) else { return Ok(None) };
    let mut wanted = None;
    each_element(open(archive, &part)?, |element| {
        if element.local_name().as_ref() == b"sheet" && attribute(element, b"name")?.as_deref() == Some(sheet) {
            wanted = prefixed_id(element)?;
        }
        Ok(())
    })?;
    let path = if folder.is_empty() { format!("_rels/{name}.rels") } else { format!("{folder}/_rels/{name}.rels") };
    let target = relations(archive, &path)?.into_iter().find(|relation| Some(&relation.id) == wanted.as_ref());
    Ok(target.and_then(|relation| {
        let path = match relation.target.strip_prefix('/') {
            Some(absolute) => absolute.to_owned(),
            None if relation.target.starts_with(&format!("{folder}/")) => relation.target.clone(),
            None => format!("{folder}/{}", relation.target),
        };
        member(archive, &path)
    }))
}

struct Relation {
    id: String,
    kind: String,
    target: String,
}

fn relations(archive: &mut Archive<'_>, path: &str) -> Result<Vec<Relation>, Broken> {
    let Some(part) = member(archive, path) else { return Ok(Vec::new()) };
    let mut relations = Vec::new();
    each_element(open(archive, &part)?, |element| {
        if element.local_name().as_ref() == b"Relationship" {
            let text = |name: &[u8]| attribute(element, name).map(Option::unwrap_or_default);
            relations.push(Relation { id: text(b"Id")?, kind: text(b"Type")?, target: text(b"Target")? });
        }
        Ok(())
    })?;
    Ok(relations)
}

/// The member of this path; case and the kind of slash differ between the programs that write workbooks.
fn member(archive: &Archive<'_>, path: &str) -> Option<String> {
    let plain = |name: &str| {
        let name = name.replace('\\', "/").to_ascii_lowercase();
        let mut parts: Vec<&str> = Vec::new();
        for part in name.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part == ".." {
                parts.pop();
            } else {
                parts.push(part);
            }
        }
        parts.join("/")
    };
    let wanted = plain(path);
    archive.file_names().find(|name| plain(name) == wanted).map(str::to_owned)
}

fn open<'a>(archive: &'a mut Archive<'_>, part: &str) -> Result<impl BufRead + 'a, Broken> {
    archive.by_name(part).map(BufReader::new).map_err(|error| Broken::Xml(error.to_string()))
}

fn reader<R: BufRead>(xml: R) -> Reader<R> {
    let mut reader = Reader::from_reader(xml);
    reader.config_mut().expand_empty_elements = true;
    // The reader of the values is as lenient.
    reader.config_mut().check_end_names = false;
    reader
}

fn each_element(xml: impl BufRead, mut take: impl FnMut(&BytesStart<'_>) -> Result<(), Broken>) -> Result<(), Broken> {
    let (mut reader, mut buffer) = (reader(xml), Vec::new());
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) => take(&element)?,
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// An attribute without a prefix.
fn attribute(element: &BytesStart<'_>, name: &[u8]) -> Result<Option<String>, Broken> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| Broken::Xml(error.to_string()))?;
        if attribute.key.as_ref() == name {
            return Ok(Some(attribute.unescape_value()?.into_owned()));
        }
    }
    Ok(None)
}

/// The attribute `r:id`, whatever its prefix.
fn prefixed_id(element: &BytesStart<'_>) -> Result<Option<String>, Broken> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| Broken::Xml(error.to_string()))?;
        if attribute.key.prefix().is_some() && attribute.key.local_name().as_ref() == b"id" {
            return Ok(Some(attribute.unescape_value()?.into_owned()));
        }
    }
    Ok(None)
}

/// The cell that is read.
#[derive(Default)]
struct Open {
    /// Whether it is text that a formula gave, which may be empty.
    text: bool,
    formula: bool,
    value: bool,
}

fn scan(xml: impl BufRead) -> Result<Found, Broken> {
    let (mut reader, mut buffer) = (reader(xml), Vec::new());
    let (mut found, mut at, mut cell) = (Found::default(), (0, 0), Open::default());
    let (mut in_value, mut hidden) = (false, false);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) => match element.local_name().as_ref() {
                b"row" => {
                    at = (row_of(&element, at.0)?, 0);
                    hidden = matches!(attribute(&element, b"hidden")?.as_deref(), Some("1" | "true"));
                }
                b"c" => {
                    at = cell_of(&element, at)?;
                    cell = Open { text: attribute(&element, b"t")?.as_deref() == Some("str"), ..Open::default() };
                }
                b"f" => cell.formula = true,
                b"is" => cell.value = true,
                b"v" => {
                    in_value = true;
                    cell.value |= cell.text;
                }
                b"mergeCell" => found.merged.extend(area_of(&element)?),
                b"dimension" => {
                    area_of(&element)?;
                }
                _ => {}
            },
            Event::Text(text) => cell.value |= in_value && !text.iter().all(u8::is_ascii_whitespace),
            Event::CData(_) | Event::GeneralRef(_) => cell.value |= in_value,
            Event::End(element) => match element.local_name().as_ref() {
                b"v" => in_value = false,
                b"c" => {
                    if cell.formula && !cell.value {
                        found.without_result.push(at);
                    }
                    if hidden && cell.value && found.hidden.last() != Some(&at.0) {
                        found.hidden.push(at.0);
                    }
                }
                _ => {}
            },
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn row_of(element: &BytesStart<'_>, before: u64) -> Result<u64, Broken> {
    let Some(text) = attribute(element, b"r")? else { return within((before + 1, 1), String::new).map(|(row, _)| row) };
    let row = text.parse().ok().filter(|row| (1..=ROWS).contains(row));
    row.ok_or(Broken::Outside(text))
}

fn cell_of(element: &BytesStart<'_>, (row, column): (u64, u64)) -> Result<(u64, u64), Broken> {
    match attribute(element, b"r")? {
        Some(text) => reference(&text).ok_or(Broken::Outside(text)),
        None => within((row, column + 1), String::new),
    }
}

fn within(place: (u64, u64), text: impl Fn() -> String) -> Result<(u64, u64), Broken> {
    let fits = (1..=ROWS).contains(&place.0) && (1..=COLUMNS).contains(&place.1);
    if fits {
        Ok(place)
    } else {
        Err(Broken::Outside(if text().is_empty() { format!("row {}, column {}", place.0, place.1) } else { text() }))
    }
}

/// The area that an element names by `ref`.
fn area_of(element: &BytesStart<'_>) -> Result<Option<Area>, Broken> {
    let Some(text) = attribute(element, b"ref")? else { return Ok(None) };
    let (first, last) = text.split_once(':').unwrap_or((&text, &text));
    match (reference(first), reference(last)) {
        (Some(first), Some(last)) => Ok(Some(Area { first, last })),
        // Whole columns and rows, and a dimension of nothing.
        _ if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':' || byte == b'$') || text.is_empty() => Ok(None),
        _ => Err(Broken::Outside(text)),
    }
}

/// The row and the column of a reference such as `XFD1048576`, from 1.
fn reference(text: &str) -> Option<(u64, u64)> {
    let plain = text.replace('$', "");
    let digits = plain.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = plain.split_at(digits);
    if letters.is_empty() || letters.len() > 3 || row.len() > 7 || !letters.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let column = letters.bytes().fold(0, |column, byte| column * 26 + u64::from(byte.to_ascii_uppercase() - b'A') + 1);
    let row = row.parse().ok()?;
    ((1..=ROWS).contains(&row) && (1..=COLUMNS).contains(&column)).then_some((row, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: &str) -> Result<Found, Broken> {
        scan(
            format!("<worksheet><sheetData>{rows}</sheetData><mergeCells><mergeCell ref=\"L2:L4\"/></mergeCells></worksheet>")
                .as_bytes(),
        )
    }

    #[test]
    fn a_formula_has_a_result_or_none() {
        let without = |cell: &str| found(&format!("<row r=\"3\">{cell}</row>")).unwrap().without_result;
        for cell in [
            "<c r=\"E3\"><f>VLOOKUP(A3,D!A:B,2,0)</f></c>",
            "<c r=\"E3\"><f>A1</f><v></v></c>",
            "<c r=\"E3\"><f>A1</f><v/></c>",
            "<c r=\"E3\" t=\"n\"><f>A1</f><v> </v></c>",
            "<c r=\"E3\" t=\"str\"><f>A1</f></c>",
            "<c r=\"E3\"><f t=\"shared\" si=\"0\"/></c>",
            "<x:c r=\"E3\"><x:f>A1</x:f></x:c>",
        ] {
            assert_eq!(without(cell), [(3, 5)], "{cell}");
        }
        for cell in [
            "<c r=\"E3\" t=\"str\"><f>A1</f><v></v></c>",
            "<c r=\"E3\" t=\"str\"><f>A1</f><v/></c>",
            "<c r=\"E3\"><f>A1</f><v>0</v></c>",
            "<c r=\"E3\" t=\"e\"><f>A1</f><v>#N/A</v></c>",
            "<c r=\"E3\" t=\"str\"><f>A1</f><v>&amp;</v></c>",
            "<c r=\"E3\" t=\"inlineStr\"><f>A1</f><is><t>x</t></is></c>",
            "<c r=\"E3\"/>",
        ] {
            assert_eq!(without(cell), [], "{cell}");
        }
        let unnumbered = found("<row><c/></row><row><c><v>1</v></c><c><f>A1</f></c></row>").unwrap();
        assert_eq!(unnumbered.without_result, [(2, 2)], "cells without a reference are counted");
    }

    #[test]
    fn a_reference_that_no_sheet_has_is_no_reference() {
        for reference in ["XFE2", "ZZZZZZ2", "A1048577", "ZZZZZZZZ99999999999", "A0", "2", "A", "A1B", "É1", ""] {
            let cell = format!("<row r=\"2\"><c r=\"{reference}\"><v>1</v></c></row>");
            assert_eq!(found(&cell).unwrap_err(), Broken::Outside(reference.to_owned()));
        }
        for row in ["0", "1048577", "99999999999999999999999", "-1"] {
            assert_eq!(found(&format!("<row r=\"{row}\"/>")).unwrap_err(), Broken::Outside(row.to_owned()));
        }
        assert_eq!(reference("xfd1048576"), Some((1_048_576, 16_384)));
        let beyond = scan(&b"<worksheet><dimension ref=\"A1:ZZZZZZZZ9\"/></worksheet>"[..]).unwrap_err();
        assert_eq!(beyond, Broken::Outside("A1:ZZZZZZZZ9".to_owned()));
    }

    #[test]
    fn merged_areas_and_hidden_rows_are_found() {
        let found =
            found("<row r=\"2\" hidden=\"1\"><c r=\"A2\"><v>1</v></c></row><row r=\"3\" hidden=\"1\"><c r=\"A3\"/></row>")
                .unwrap();
        assert_eq!(found.merged, [Area { first: (2, 12), last: (4, 12) }]);
        assert_eq!(found.hidden, [2]);
    }
}
