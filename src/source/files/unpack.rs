//! Packed files: gzip and zip are opened within bounds, and their content is recognised by its first bytes.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use crate::diagnostic::{Note, NoteCode};
use crate::source::error::{Fault, FaultKind};
use crate::source::wildcard::Wildcard;

/// So many bytes a file may have once it is unpacked, unless the settings say otherwise.
const MOST: u64 = 2 << 30;

/// How packed files are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnpackSettings {
    /// The member of a zip archive, by name; `*` stands for anything.
    pub member: Option<String>,
    /// The most bytes that a file may have, unpacked.
    pub max_bytes: u64,
}

impl Default for UnpackSettings {
    fn default() -> Self {
        Self { member: None, max_bytes: MOST }
    }
}

/// Whether a file that begins so would be unpacked, or read as a workbook.
pub(super) fn is_packed(start: &[u8]) -> bool {
    [&b"\x1F\x8B"[..], b"PK\x03\x04", b"PK\x05\x06", b"\xD0\xCF\x11\xE0"].iter().any(|mark| start.starts_with(mark))
}

/// What is in a file once it is unpacked.
pub(in crate::source) enum Content {
    /// A workbook that calamine knows.
    Workbook(Vec<u8>),
    /// Anything else: text, or what the decoder refuses.
    Text(Vec<u8>),
}

/// Unpacks a file and adds a note for each layer of compression.
pub(in crate::source) fn unpack(
    file: &str,
    mut bytes: Vec<u8>,
    settings: &UnpackSettings,
    notes: &mut Vec<Note>,
) -> Result<Content, Fault> {
    // An archive in an archive is met; more shells than that are a trick.
    for _ in 0..3 {
        if bytes.len() as u64 > settings.max_bytes {
            return Err(Fault::of_file(file, FaultKind::TooBig { most: settings.max_bytes }));
        }
        if bytes.starts_with(b"\x1F\x8B") {
            bytes = Packed::Gzip(&bytes).whole(file, settings.max_bytes)?;
            notes.push(Note::new(NoteCode::Unpacked, format!("{file}: unpacked (gzip)")).at(file));
        } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            match unzip(file, &bytes, settings)? {
                Inside::Workbook => return Ok(Content::Workbook(bytes)),
                Inside::Member(name, inner) => {
                    notes.push(Note::new(NoteCode::Unpacked, format!("{file}: unpacked `{name}` (zip)")).at(file));
                    bytes = inner;
                }
            }
        } else if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
            return Ok(Content::Workbook(bytes));
        } else {
            return Ok(Content::Text(bytes));
        }
    }
    Err(damaged(file, "archives lie within archives"))
}

fn damaged(file: &str, why: impl std::fmt::Display) -> Fault {
    Fault::of_file(file, FaultKind::Archive(why.to_string()))
}

/// Something packed, which can be read as often as needed.
enum Packed<'b> {
    Gzip(&'b [u8]),
    Member(ZipArchive<Cursor<&'b [u8]>>, String),
}

impl Packed<'_> {
    /// The length that it claims to have.
    fn declared(&mut self, file: &str) -> Result<u64, Fault> {
        match self {
            // The last four bytes are the length of the last member.
            Self::Gzip(bytes) => Ok(bytes.last_chunk::<4>().map_or(0, |last| u64::from(u32::from_le_bytes(*last)))),
            Self::Member(archive, name) => Ok(archive.by_name(name).map_err(|error| damaged(file, error))?.size()),
        }
    }

    fn read<T>(&mut self, file: &str, take: impl FnOnce(&mut dyn Read) -> Result<T, Fault>) -> Result<T, Fault> {
        match self {
            Self::Gzip(bytes) => take(&mut MultiGzDecoder::new(*bytes)),
            Self::Member(archive, name) => take(&mut archive.by_name(name).map_err(|error| damaged(file, error))?),
        }
    }

    /// Unpacks to the end, or to the bound, beyond which it is a fault.
    ///
    /// The bytes are in memory once: a buffer that grows while it is filled is there twice, old and new. Where the claimed length is
    /// wrong, the content is counted before any of it is stored.
    fn whole(mut self, file: &str, most: u64) -> Result<Vec<u8>, Fault> {
        let declared = self.declared(file)?;
        if declared <= most
            && let Some(plain) = self.read(file, |packed| exactly(file, declared, packed))?
        {
            return Ok(plain);
        }
        let length = self.read(file, |packed| count(file, packed, most))?;
        self.read(file, |packed| exactly(file, length, packed))?
            .ok_or_else(|| damaged(file, "it unpacks to another length each time"))
    }
}

/// How many bytes there are, stored nowhere; more than the bound are a fault.
fn count(file: &str, packed: &mut dyn Read, most: u64) -> Result<u64, Fault> {
    let (mut counted, mut piece) = (0, vec![0; 64 << 10]);
    loop {
        match packed.read(&mut piece) {
            Ok(0) => return Ok(counted),
            Ok(read) => counted += read as u64,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(damaged(file, error)),
        }
        if counted > most {
            return Err(Fault::of_file(file, FaultKind::TooBig { most }));
        }
    }
}

/// A workbook is streamed by its reader; here it is counted what that will see, whatever the members claim.
fn bounded_workbook(file: &str, archive: &mut ZipArchive<Cursor<&[u8]>>, most: u64) -> Result<(), Fault> {
    let mut left = most;
    for index in 0..archive.len() {
        let length = match archive.by_index(index) {
            Ok(mut member) => count(file, &mut member, left).map_err(|fault| match fault.kind {
                FaultKind::TooBig { .. } => Fault::of_file(file, FaultKind::TooBig { most }),
                _ => fault,
            })?,
            // What cannot be unpacked here cannot be unpacked there.
            Err(_) => 0,
        };
        left -= length;
    }
    Ok(())
}

/// All bytes, where there are no more than said.
fn exactly(file: &str, length: u64, packed: &mut dyn Read) -> Result<Option<Vec<u8>>, Fault> {
    let length = usize::try_from(length).map_err(|_| damaged(file, "it is longer than memory"))?;
    let mut plain = Vec::new();
    plain.try_reserve_exact(length).map_err(|error| damaged(file, error))?;
    (&mut *packed).take(length as u64).read_to_end(&mut plain).map_err(|error| damaged(file, error))?;
    loop {
        match packed.read(&mut [0; 1]) {
            // The end of the stream is read, and with it its checksum.
            Ok(0) => return Ok(Some(plain)),
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(damaged(file, error)),
        }
    }
}

enum Inside {
    Workbook,
    Member(String, Vec<u8>),
}

fn unzip(file: &str, bytes: &[u8], settings: &UnpackSettings) -> Result<Inside, Fault> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(file, error))?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let is_workbook = names.iter().any(|name| {
        name == "[Content_Types].xml"
            || name.eq_ignore_ascii_case("xl/workbook.xml")
            || name.eq_ignore_ascii_case("xl/workbook.bin")
    }) || (names.iter().any(|name| name == "mimetype") && names.iter().any(|name| name == "content.xml"));
    if is_workbook {
        bounded_workbook(file, &mut archive, settings.max_bytes)?;
        return Ok(Inside::Workbook);
    }
    let usable: Vec<&String> = names.iter().filter(|name| is_usable(name)).collect();
    let wanted = settings.member.as_deref().map(Wildcard::new);
    let fits = |name: &str| {
        let base = name.rsplit('/').next().unwrap_or(name);
        wanted.as_ref().is_none_or(|pattern| pattern.fits(name) || pattern.fits(base))
    };
    let chosen: Vec<&&String> = usable.iter().filter(|name| fits(name)).collect();
    let [name] = chosen.as_slice() else {
        let found = usable.iter().map(|name| (*name).clone()).collect();
        return Err(Fault::of_file(file, FaultKind::Members { found, wanted: settings.member.clone() }));
    };
    let name = (**name).clone();
    let plain = Packed::Member(archive, name.clone()).whole(file, settings.max_bytes)?;
    Ok(Inside::Member(name, plain))
}

/// Folders, and what Macs and Windows leave beside the files, are no members.
fn is_usable(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    !base.is_empty() && !base.starts_with('.') && !name.starts_with("__MACOSX/") && !base.eq_ignore_ascii_case("thumbs.db")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn zip(members: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in members {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn text(bytes: Vec<u8>, settings: &UnpackSettings) -> Result<String, String> {
        match unpack("f.zip", bytes, settings, &mut Vec::new()) {
            Ok(Content::Text(bytes)) => Ok(String::from_utf8(bytes).unwrap()),
            Ok(Content::Workbook(_)) => Ok("workbook".to_owned()),
            Err(fault) => Err(fault.to_string()),
        }
    }

    #[test]
    fn one_usable_member_is_taken_and_several_need_a_name() {
        let plain = UnpackSettings::default();
        let one = zip(&[("__MACOSX/._a.csv", "junk"), ("out/", ""), ("out/a.csv", "Id\n1")]);
        assert_eq!(text(one, &plain).unwrap(), "Id\n1");
        let two = || zip(&[("a.csv", "A"), ("b.csv", "B")]);
        let error = text(two(), &plain).unwrap_err();
        assert!(error.contains("a.csv, b.csv") && error.contains("member = "), "{error}");
        let named = |name: &str| UnpackSettings { member: Some(name.to_owned()), ..UnpackSettings::default() };
        assert_eq!(text(two(), &named("b*")).unwrap(), "B");
        assert!(text(two(), &named("c.csv")).unwrap_err().contains("`c.csv`"));
        assert!(text(zip(&[]), &plain).unwrap_err().contains("no file"));
        assert_eq!(text(zip(&[("[Content_Types].xml", "")]), &plain).unwrap(), "workbook");
    }

    #[test]
    fn what_unpacks_without_end_is_refused() {
        let small = UnpackSettings { max_bytes: 1_000, ..UnpackSettings::default() };
        let bomb = gzip(&vec![b'a'; 100_000]);
        assert!(bomb.len() < 1_000);
        assert!(text(bomb, &small).unwrap_err().contains("1000 bytes"));
        assert!(text(zip(&[("a.csv", &"a".repeat(100_000))]), &small).unwrap_err().contains("1000 bytes"));
        assert_eq!(text(gzip(&gzip(b"x")), &small).unwrap(), "x");
        assert!(text(gzip(&gzip(&gzip(&gzip(b"x")))), &small).unwrap_err().contains("within archives"));
    }

    #[test]
    fn what_is_unpacked_has_the_room_that_it_takes_and_a_false_length_costs_none() {
        let settings = UnpackSettings { max_bytes: 100_000, ..UnpackSettings::default() };
        let unpacked = |bytes: Vec<u8>| match unpack("f", bytes, &settings, &mut Vec::new()) {
            Ok(Content::Text(bytes)) => Ok((bytes.len(), bytes.capacity())),
            Ok(Content::Workbook(_)) => Err("workbook".to_owned()),
            Err(fault) => Err(fault.to_string()),
        };
        let text = "Id\n1\n".repeat(10_000);
        assert_eq!(unpacked(gzip(text.as_bytes())), Ok((text.len(), text.len())));
        assert_eq!(unpacked(zip(&[("a.csv", &text)])), Ok((text.len(), text.len())));
        // Two members: the length at the end is that of the second alone.
        let two = [gzip(text.as_bytes()), gzip(b"2\n")].concat();
        assert_eq!(unpacked(two), Ok((text.len() + 2, text.len() + 2)));
        let bomb = [gzip(&vec![b'a'; 1_000_000]), gzip(b"2\n")].concat();
        assert!(unpacked(bomb).unwrap_err().contains("100000 bytes"));
        // A workbook is counted by what it unpacks to.
        let book = zip(&[("[Content_Types].xml", ""), ("xl/workbook.xml", &"a".repeat(60_000)), ("x", &"b".repeat(60_000))]);
        assert!(unpacked(book).unwrap_err().contains("100000 bytes"));
    }

    #[test]
    fn a_cut_archive_is_damaged_and_never_a_short_list() {
        let mut packed = gzip("Id\n1\n2\n3\n".repeat(100).as_bytes());
        packed.truncate(packed.len() - 9);
        assert!(text(packed, &UnpackSettings::default()).unwrap_err().contains("damaged"));
        let mut packed = zip(&[("a.csv", "Id\n1\n2\n")]);
        packed.truncate(packed.len() - 9);
        assert!(text(packed, &UnpackSettings::default()).unwrap_err().contains("damaged"));
    }
}
