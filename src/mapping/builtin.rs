//! The mappings that come with hrpush, and which of them fits a file.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use super::model::Mapping;

/// The files of `mappings/` and their texts, in the order of the names. The build script lists them.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/mappings.rs"));

/// The end of the name of a mapping for files. The others are presets: a service and the mapping for it.
const FOR_FILES: &str = "-csv.toml";

/// All presets: the name, which is that of the file without its ending, and the text.
pub fn presets() -> impl Iterator<Item = (&'static str, &'static str)> {
    let presets = EMBEDDED.iter().filter(|(file, _)| !file.ends_with(FOR_FILES));
    presets.map(|(file, text)| (file.trim_end_matches(".toml"), *text))
}

/// The end of the name of a preset for people that are pushed.
const FOR_PUSHES: &str = "-push";

/// Whether the people of a preset are pushed to `hrpush serve`, and not read from a service.
pub fn is_pushed(preset: &str) -> bool {
    preset.ends_with(FOR_PUSHES)
}

/// The presets of services.
#[cfg(test)]
pub(crate) fn services() -> impl Iterator<Item = (&'static str, &'static str)> {
    presets().filter(|(name, _)| !is_pushed(name))
}

/// The text of a preset.
///
/// # Errors
/// The name of the preset that is meant, where one resembles it.
pub fn preset(name: &str) -> Result<&'static str, Option<&'static str>> {
    let found = presets().find(|(known, _)| *known == name).map(|(_, text)| text);
    found.ok_or_else(|| nearest(name, presets().map(|(known, _)| known)))
}

/// All built-in mappings for files: the name of the file and its text.
pub fn builtin() -> impl Iterator<Item = (&'static str, &'static str)> {
    EMBEDDED.iter().copied().filter(|(file, _)| file.ends_with(FOR_FILES))
}

/// One built-in mapping that does not fit, or fits as well as another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The name of the file.
    pub file: &'static str,
    /// How many columns it requires.
    pub required: usize,
    /// The required columns that the header lacks.
    pub missing: Vec<String>,
}

/// No built-in mapping fits a header, or several fit equally well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ChoiceError {
    /// The candidates, the nearest first.
    pub candidates: Vec<Candidate>,
}

impl fmt::Display for ChoiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tie = self.candidates.iter().all(|candidate| candidate.missing.is_empty());
        f.write_str(if tie {
            "several built-in mappings fit these columns equally well"
        } else {
            "no built-in mapping fits these columns"
        })?;
        // A mapping with hardly a column of the file is no help.
        let near = self.candidates.iter().filter(|candidate| candidate.missing.len() * 2 <= candidate.required);
        for Candidate { file, required, missing } in near {
            if missing.is_empty() {
                write!(f, "\n  {file} requires {required} columns")?;
            } else {
                write!(f, "\n  {file} lacks {}", missing.join(", "))?;
            }
        }
        f.write_str("\n  hint: name a mapping with --mapping FILE, or let `hrpush init FILE` guess one from the columns")
    }
}

/// Returns the built-in mapping that finds all its required columns; of several the one that requires most.
///
/// # Errors
/// None fits, or several fit equally well: the candidates.
pub fn choose(header: &[&str]) -> Result<(&'static str, &'static str), ChoiceError> {
    let header: BTreeSet<&str> = header.iter().copied().collect();
    let mut candidates: Vec<(Candidate, &'static str)> = builtin()
        .filter_map(|(file, text)| {
            let mapping = Mapping::parse(text, Path::new(file)).ok()?;
            let required = mapping.required();
            let missing = required.iter().filter(|name| !header.contains(**name)).map(|name| (*name).to_owned()).collect();
            (!required.is_empty()).then_some((Candidate { file, required: required.len(), missing }, text))
        })
        .collect();
    candidates.sort_by_key(|(candidate, _)| (candidate.missing.len(), usize::MAX - candidate.required));
    let fitting: Vec<&(Candidate, &'static str)> =
        candidates.iter().filter(|(candidate, _)| candidate.missing.is_empty()).collect();
    let most = fitting.first().map_or(0, |(candidate, _)| candidate.required);
    match fitting.iter().filter(|(candidate, _)| candidate.required == most).count() {
        1 => Ok((fitting[0].0.file, fitting[0].1)),
        // Only what is shown is compared with every column: a file may have a hundred thousand.
        0 => Err(ChoiceError {
            candidates: candidates.into_iter().map(|(candidate, _)| candidate.described(&header)).take(3).collect(),
        }),
        _ => {
            let tied = candidates.into_iter().map(|(candidate, _)| candidate);
            Err(ChoiceError {
                candidates: tied.filter(|candidate| candidate.missing.is_empty() && candidate.required == most).collect(),
            })
        }
    }
}

impl Candidate {
    /// The missing columns with those of the file that are nearly called so.
    fn described(mut self, header: &BTreeSet<&str>) -> Self {
        for name in &mut self.missing {
            *name = describe(name, header);
        }
        self
    }
}

fn describe(name: &str, header: &BTreeSet<&str>) -> String {
    match nearest(name, header.iter().copied()) {
        Some(near) => format!("`{name}` (there is `{near}`)"),
        None => format!("`{name}`"),
    }
}

use crate::diagnostic::nearest;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_mapping_is_without_faults_and_requires_what_it_uses() {
        for (file, text) in builtin() {
            let mapping = Mapping::parse(text, Path::new(file)).unwrap_or_else(|errors| panic!("{errors}"));
            let required: BTreeSet<String> = mapping.required().into_iter().map(str::to_owned).collect();
            let unlisted: Vec<String> = mapping.columns().difference(&required).cloned().collect();
            assert!(unlisted.is_empty(), "{file} uses {unlisted:?} without requiring them");
        }
    }

    #[test]
    fn each_built_in_mapping_is_chosen_for_its_own_columns() {
        for (file, text) in builtin() {
            let mapping = Mapping::parse(text, Path::new(file)).unwrap();
            assert_eq!(choose(&mapping.required()).map(|(chosen, _)| chosen), Ok(file));
        }
    }

    #[test]
    fn every_file_of_the_folder_is_embedded_and_every_preset_is_a_mapping_without_faults() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let known: BTreeSet<&str> = EMBEDDED.iter().map(|(file, _)| *file).collect();
        for file in
            files.filter(|file| !file.contains(".tests.") && Path::new(file).extension().is_some_and(|ending| ending == "toml"))
        {
            assert!(known.contains(file.as_str()), "{file} is not embedded");
        }
        for (name, text) in presets() {
            Mapping::parse(text, Path::new(name)).unwrap_or_else(|errors| panic!("{errors}"));
        }
        for (name, text) in services() {
            let mapping = Mapping::parse(text, Path::new(name)).unwrap_or_else(|errors| panic!("{errors}"));
            let document: toml::Table = text.parse().unwrap();
            let columns = document["source"]["columns"].as_table().unwrap();
            for column in mapping.columns() {
                assert!(columns.contains_key(&column), "{name} uses the column {column} without declaring it");
            }
        }
    }

    #[test]
    fn a_header_that_nothing_fits_names_the_nearest() {
        let error = choose(&["empno", "firstname", "lastname", "jobcod"]).unwrap_err();
        assert_eq!(error.candidates[0].file, "midpoint-alice-csv.toml");
        assert!(error.to_string().contains("`jobcode` (there is `jobcod`)"), "{error}");
    }
}
