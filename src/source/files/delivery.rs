//! Files as they are delivered: opened or fetched, joined, and with one row for each person.
//!
//! Opening and reading are two steps, because the columns of the opened files decide which mapping fits, and the mapping decides how
//! they are read.

use std::path::PathBuf;
use std::time::SystemTime;

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::source::remote::Remote;
use crate::source::{
    Arrival, CsvSettings, Fetched, FileSettings, JoinRule, Reading, RowRule, Source, SourceErrors, header_in, join, one_row_each,
    open, read_fetched,
};

/// A file that is joined to the delivered ones.
#[derive(Clone, Debug)]
pub struct JoinedFile {
    /// The file; `*` takes the newest match.
    pub path: PathBuf,
    /// How to read it.
    pub settings: FileSettings,
    /// How its rows are matched.
    pub rule: JoinRule,
}

/// The files of one delivery, before they are opened.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The files on this machine; `*` takes the newest match.
    pub paths: Vec<PathBuf>,
    /// The server that the file is fetched from, instead of `paths`.
    pub remote: Option<Remote>,
    /// How to read the files.
    pub settings: FileSettings,
    /// The conditions under which a file is complete.
    pub arrival: Arrival,
    /// Files that are joined to them, in order.
    pub joins: Vec<JoinedFile>,
    /// The rule that picks one of several rows of a person.
    pub rows: Option<RowRule>,
    /// The moment by which the age of files is judged.
    pub now: SystemTime,
}

/// A delivery with the content of its files.
pub struct OpenDelivery {
    files: Vec<Fetched>,
    joined: Vec<(Fetched, JoinedFile)>,
    settings: FileSettings,
    rows: Option<RowRule>,
}

impl Delivery {
    /// Opens every file, or fetches it.
    ///
    /// # Errors
    /// If a file is missing, incomplete or cannot be fetched.
    pub async fn open(self) -> Result<OpenDelivery, SourceErrors> {
        let Self { paths, remote, settings, arrival, joins, rows, now } = self;
        let files = match &remote {
            Some(remote) => vec![remote.fetch(&arrival, settings.unpack.max_bytes, now).await?],
            None => open(&paths, &arrival, settings.unpack.max_bytes, now)?,
        };
        let mut joined = Vec::new();
        for file in joins {
            let opened = open(std::slice::from_ref(&file.path), &arrival, file.settings.unpack.max_bytes, now)?;
            joined.extend(opened.into_iter().map(|fetched| (fetched, file.clone())));
        }
        Ok(OpenDelivery { files, joined, settings, rows })
    }
}

impl OpenDelivery {
    /// The name of the first file, for messages.
    pub fn name(&self) -> &str {
        self.files.first().map_or("source", |file| file.name.as_str())
    }

    /// The paths of the files that are on this machine.
    pub fn paths(&self) -> Vec<PathBuf> {
        let joined = self.joined.iter().map(|(file, _)| file);
        self.files.iter().chain(joined).filter_map(|file| file.path.clone()).collect()
    }

    /// The columns of the reading. Of large text files only the beginning is read.
    ///
    /// # Errors
    /// If a header cannot be read.
    pub fn columns(&self) -> Result<Vec<String>, SourceErrors> {
        let mut columns = match self.files.first() {
            Some(file) => header_in(file, &self.settings)?,
            None => Vec::new(),
        };
        for (file, join) in &self.joined {
            let added = header_in(file, &join.settings)?;
            columns.extend(added.into_iter().map(|name| format!("{}{name}", join.rule.prefix)));
        }
        Ok(columns)
    }

    /// Checks that the files themselves can be read whole, whatever their columns are called.
    ///
    /// # Errors
    /// Every fault of the files.
    pub fn check(&self) -> Result<(), SourceErrors> {
        read_fetched(self.files.clone(), &self.settings).map(drop)
    }

    /// Reads all files into one reading, joined, and with one row for each person where the settings say how.
    ///
    /// # Errors
    /// Every fault of the first file that has one.
    pub fn read(self, csv: CsvSettings, day: Date, zone: &TimeZone) -> Result<Reading, SourceErrors> {
        self.read_all(csv)?.in_force(day, zone)
    }

    /// Reads all files into one reading, joined, with every row of a person.
    ///
    /// # Errors
    /// Every fault of the first file that has one.
    pub fn read_all(self, csv: CsvSettings) -> Result<AllRows, SourceErrors> {
        let mut reading = read_fetched(self.files, &self.settings.with_defaults(csv))?;
        for (file, join_of) in self.joined {
            let other = read_fetched(vec![file], &join_of.settings)?;
            reading = join(reading, &other, &join_of.rule)?;
        }
        Ok(AllRows { reading, rule: self.rows })
    }
}

/// A whole reading, before one of several rows of a person is chosen by the day.
#[derive(Clone, Debug)]
pub struct AllRows {
    reading: Reading,
    rule: Option<RowRule>,
}

impl AllRows {
    /// Whether another day may choose other rows.
    pub fn depend_on_the_day(&self) -> bool {
        self.rule.is_some()
    }

    /// The rows of a day: one for each person where the settings say how.
    ///
    /// # Errors
    /// A column of the rule that the reading lacks.
    pub fn in_force(self, day: Date, zone: &TimeZone) -> Result<Reading, SourceErrors> {
        match &self.rule {
            Some(rule) => one_row_each(self.reading, rule, day, zone),
            None => Ok(self.reading),
        }
    }
}

impl FileSettings {
    /// The same settings, completed by those of a mapping. The configuration wins over the mapping.
    #[must_use]
    pub fn with_defaults(&self, mapping: CsvSettings) -> Self {
        let mut settings = self.clone();
        settings.sheet.skip_lines = settings.sheet.skip_lines.max(mapping.skip_lines);
        settings.sheet.skip_footer = settings.sheet.skip_footer.max(mapping.skip_footer);
        let own = settings.csv;
        settings.csv = CsvSettings {
            delimiter: own.delimiter.or(mapping.delimiter),
            encoding: own.encoding.or(mapping.encoding),
            skip_lines: if own.skip_lines > 0 { own.skip_lines } else { mapping.skip_lines },
            skip_footer: if own.skip_footer > 0 { own.skip_footer } else { mapping.skip_footer },
            header: own.header.or(mapping.header),
        };
        settings
    }
}

/// A delivery that is read as it is, by the settings of the configuration alone.
#[derive(Debug)]
pub struct PlainDelivery {
    /// Opens the files anew for each reading.
    pub files: Delivery,
    /// The day by which a row of several is picked.
    pub day: Date,
}

#[async_trait]
impl Source for PlainDelivery {
    async fn read(&self) -> Result<Reading, SourceErrors> {
        self.files.clone().open().await?.read(CsvSettings::default(), self.day, &TimeZone::UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(path: PathBuf) -> Delivery {
        Delivery {
            paths: vec![path],
            remote: None,
            settings: FileSettings::default(),
            arrival: Arrival::default(),
            joins: Vec::new(),
            rows: None,
            now: SystemTime::now(),
        }
    }

    #[tokio::test]
    async fn the_columns_are_known_before_the_records_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hr.csv");
        std::fs::write(&path, "Title of the export\nId,Name\n1,Ann\n").unwrap();
        let mut files = delivery(path.clone());
        files.settings.csv.skip_lines = 1;
        let day = jiff::civil::date(2026, 11, 20);
        for _ in 0..2 {
            let open = files.clone().open().await.unwrap();
            assert_eq!((open.name(), open.paths()), ("hr.csv", vec![path.clone()]));
            assert_eq!(open.columns().unwrap(), ["Id", "Name"]);
            let reading = open.read(CsvSettings::default(), day, &TimeZone::UTC).unwrap();
            let plain = PlainDelivery { files: files.clone(), day }.read().await.unwrap();
            assert_eq!((reading.records.len(), reading.sha256), (1, plain.sha256));
        }
        std::fs::remove_file(&path).unwrap();
        assert!(files.open().await.is_err());
    }

    #[test]
    fn the_configuration_wins_over_the_mapping() {
        let mut configured = FileSettings::default();
        configured.csv.delimiter = Some(';');
        let mapping = CsvSettings { delimiter: Some('|'), skip_lines: 2, ..CsvSettings::default() };
        let settings = configured.with_defaults(mapping);
        assert_eq!((settings.csv.delimiter, settings.csv.skip_lines, settings.sheet.skip_lines), (Some(';'), 2, 2));
    }
}
