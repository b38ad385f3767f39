//! What the content of an `.ods` workbook shows and its values do not: formulas without a result, merged cells, stray values far away.
//!
//! Calamine lays out every table of the workbook when it opens it, as wide as its widest row. So the content is looked through first.

use std::io::{BufRead, BufReader, Cursor};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::worksheet_xml::{Area, Broken, COLUMNS, ROWS};

/// One table of the workbook.
#[derive(Debug, Default)]
pub(in crate::source) struct Table {
    pub(in crate::source) name: String,
    /// Cells with a formula and no result: row and column from 1.
    pub(super) without_result: Vec<(u64, u64)>,
    pub(in crate::source) merged: Vec<Area>,
    /// The last row and the last column with a value.
    pub(in crate::source) corner: (u64, u64),
    /// The first row with a value.
    top: Option<u64>,
    /// Cells with a value, repeated ones included.
    filled: u64,
}

impl Table {
    /// Whether it takes far more room to lay it out than it has values.
    pub(super) fn is_sparse(&self) -> bool {
        let rows = self.corner.0.saturating_sub(self.top.unwrap_or(1)) + 1;
        let area = rows * self.corner.1;
        area > 4_000_000 && area / 50 > self.filled
    }
}

/// Looks through all tables.
pub(super) fn look_through(book: &[u8]) -> Result<Vec<Table>, Broken> {
    let mut archive = ZipArchive::new(Cursor::new(book)).map_err(|error| Broken::Xml(error.to_string()))?;
    let content = archive.by_name("content.xml").map_err(|error| Broken::Xml(error.to_string()))?;
    scan(BufReader::new(content))
}

/// Where the scan is within a table.
#[derive(Default)]
struct Place {
    row: u64,
    rows: u64,
    column: u64,
    cell: Option<Cell>,
}

/// A cell that is read.
struct Cell {
    repeated: u64,
    spanned: (u64, u64),
    formula: bool,
    /// Whether its attributes or its type give it a value.
    value: bool,
    text: bool,
}

fn scan(xml: impl BufRead) -> Result<Vec<Table>, Broken> {
    let mut reader = Reader::from_reader(xml);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_end_names = false;
    let (mut buffer, mut tables, mut place) = (Vec::new(), Vec::<Table>::new(), Place::default());
    let mut inside = false;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) => match element.name().as_ref() {
                b"table:table" => {
                    let name = text(&element, b"table:name")?.unwrap_or_default();
                    tables.push(Table { name, ..Table::default() });
                    (place, inside) = (Place::default(), true);
                }
                b"table:table-row" if inside => {
                    place.row += place.rows;
                    place.rows = number(&element, b"table:number-rows-repeated")?;
                    place.column = 0;
                }
                b"table:table-cell" | b"table:covered-table-cell" if inside => place.cell = Some(Cell::new(&element)?),
                _ => {}
            },
            Event::Text(content) if inside => {
                if let Some(cell) = &mut place.cell {
                    cell.text |= !content.iter().all(u8::is_ascii_whitespace);
                }
            }
            Event::End(element) => match element.name().as_ref() {
                b"table:table" => inside = false,
                b"table:table-cell" | b"table:covered-table-cell" => {
                    if let (Some(cell), Some(table)) = (place.cell.take(), tables.last_mut()) {
                        table.take(&mut place, &cell)?;
                    }
                }
                _ => {}
            },
            Event::Eof => return Ok(tables),
            _ => {}
        }
    }
}

impl Table {
    fn take(&mut self, place: &mut Place, cell: &Cell) -> Result<(), Broken> {
        let (row, column) = (place.row + 1, place.column + 1);
        place.column = place.column.saturating_add(cell.repeated);
        if cell.formula && !cell.value {
            self.without_result.push((row, column));
        }
        if cell.spanned != (1, 1) {
            let last = (row + cell.spanned.0.min(ROWS) - 1, column + cell.spanned.1.min(COLUMNS) - 1);
            self.merged.push(Area { first: (row, column), last });
        }
        if cell.value || cell.text {
            let last = (place.row + place.rows, place.column);
            if last.0 > ROWS || last.1 > COLUMNS {
                return Err(Broken::Outside(format!("row {}, column {}", last.0, last.1)));
            }
            self.corner = (self.corner.0.max(last.0), self.corner.1.max(last.1));
            self.top.get_or_insert(row);
            self.filled += cell.repeated * place.rows;
        }
        Ok(())
    }
}

impl Cell {
    fn new(element: &BytesStart<'_>) -> Result<Self, Broken> {
        let values: [&[u8]; 5] =
            [b"office:value", b"office:string-value", b"office:date-value", b"office:time-value", b"office:boolean-value"];
        let mut value = text(element, b"office:value-type")?.as_deref() == Some("string");
        for name in values {
            value |= text(element, name)?.is_some();
        }
        Ok(Self {
            repeated: number(element, b"table:number-columns-repeated")?,
            spanned: (number(element, b"table:number-rows-spanned")?, number(element, b"table:number-columns-spanned")?),
            formula: text(element, b"table:formula")?.is_some_and(|formula| !formula.is_empty()),
            value,
            text: false,
        })
    }
}

fn text(element: &BytesStart<'_>, name: &[u8]) -> Result<Option<String>, Broken> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| Broken::Xml(error.to_string()))?;
        if attribute.key.as_ref() == name {
            return Ok(Some(attribute.unescape_value()?.into_owned()));
        }
    }
    Ok(None)
}

/// How often, or over how many cells: one where nothing is said.
fn number(element: &BytesStart<'_>, name: &[u8]) -> Result<u64, Broken> {
    Ok(match text(element, name)? {
        None => 1,
        Some(text) => text.parse::<u32>().ok().filter(|number| *number > 0).map(u64::from).ok_or(Broken::Outside(text))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &str) -> Result<Table, Broken> {
        let xml = format!("<office:body><table:table table:name=\"Staff\">{rows}</table:table></office:body>");
        scan(xml.as_bytes()).map(|mut tables| tables.remove(0))
    }

    const HEADER: &str = "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>Id</text:p></table:table-cell></table:table-row>";

    #[test]
    fn formulas_without_a_result_and_merged_cells_are_found() {
        let cell = |attributes: &str| {
            table(&format!("{HEADER}<table:table-row><table:table-cell/><table:table-cell {attributes}/></table:table-row>"))
                .unwrap()
        };
        assert_eq!(cell("table:formula=\"of:=[.A1]\"").without_result, [(2, 2)]);
        assert_eq!(cell("table:formula=\"of:=[.A1]\" office:value-type=\"float\"").without_result, [(2, 2)]);
        assert_eq!(cell("table:formula=\"of:=[.A1]\" office:value-type=\"float\" office:value=\"0\"").without_result, []);
        assert_eq!(cell("table:formula=\"of:=[.A1]\" office:value-type=\"string\" office:string-value=\"\"").without_result, []);
        assert_eq!(cell("table:number-rows-spanned=\"3\"").merged, [Area { first: (2, 2), last: (4, 2) }]);
        assert_eq!(cell("table:number-columns-spanned=\"2\"").merged, [Area { first: (2, 2), last: (2, 3) }]);
        assert_eq!(cell("table:number-columns-spanned=\"1\" table:number-rows-spanned=\"1\"").merged, []);
    }

    #[test]
    fn a_stray_value_far_away_makes_a_table_sparse_and_repeated_blanks_do_not() {
        let far = "<table:table-row><table:table-cell table:number-columns-repeated=\"16383\"/><table:table-cell office:value=\"1\"/></table:table-row>";
        let many =
            "<table:table-row table:number-rows-repeated=\"20000\"><table:table-cell office:value=\"1\"/></table:table-row>";
        assert!(table(&format!("{HEADER}{far}{many}")).unwrap().is_sparse());
        assert!(!table(&format!("{HEADER}{many}")).unwrap().is_sparse());
        let blank = "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
        assert!(!table(&format!("{HEADER}{blank}")).unwrap().is_sparse());
        let beyond = far.replace("16383", "16384");
        assert!(matches!(table(&beyond), Err(Broken::Outside(_))));
        assert!(matches!(table(&far.replace("16383", "99999999999")), Err(Broken::Outside(_))));
    }
}
