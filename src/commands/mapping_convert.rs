//! `hrpush mapping convert`: converts a schema into a mapping file, and prints what could not be converted.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::output::print;
use crate::mapping::{self, Converted};
use crate::report::{self, shown};
use crate::session::error::{Ended, Failure};

pub(super) fn convert(json: bool, schema: &Path, output: Option<&Path>, object_mapping: Option<&str>) -> Result<Ended, Failure> {
    let text = decoded(schema)?;
    let converted = mapping::convert(&text, object_mapping)
        .map_err(|fault| Failure::usage(format!("{}: {}", schema.display(), shown_lines(&fault.to_string()))))?;
    let Some(output) = output else {
        print(&converted.text)?;
        anstream::eprint!("{}", summary(&converted));
        return Ok(Ended::done());
    };
    std::fs::write(output, &converted.text).map_err(|fault| Failure::file("write", output, &fault))?;
    if json {
        let document = json!({
            "file": output.display().to_string(),
            "name": converted.name,
            "carried": converted.carried,
            "notCarried": converted.not_carried,
        });
        print(&report::json(&document)?)?;
    } else {
        print(&format!(
            "{}: \"{}\", {} targets converted.\n{}",
            output.display(),
            shown(&converted.name),
            converted.carried.len(),
            summary(&converted)
        ))?;
    }
    Ok(Ended::done())
}

/// Scripts write UTF-16 as often as UTF-8.
fn decoded(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|fault| Failure::unreadable(path, &fault))?;
    let encoding = encoding_rs::Encoding::for_bom(&bytes).map_or(encoding_rs::UTF_8, |(encoding, _)| encoding);
    let (text, _, broken) = encoding.decode(&bytes);
    if broken {
        return Err(Failure::usage(format!(
            "{}: not valid {} text\n  hint: save the schema as UTF-8 or UTF-16",
            path.display(),
            encoding.name()
        )));
    }
    Ok(text.into_owned())
}

fn shown_lines(text: &str) -> String {
    text.lines().map(shown).collect::<Vec<_>>().join("\n")
}

fn summary(converted: &Converted) -> String {
    let mut text = String::from("Not converted, or only in part:\n");
    for lost in &converted.not_carried {
        let _ = writeln!(text, "  {}: {}", shown(&lost.what), shown(&lost.why));
    }
    text
}
