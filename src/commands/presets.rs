//! `hrpush presets`: lists the HR systems that come with hrpush.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cli::{Common, Format};
use super::output::print;
use crate::report;
use crate::session::error::{Ended, Failure};
use crate::session::presets::{Preset, all};

pub(super) fn presets(common: &Common) -> Result<Ended, Failure> {
    let text = if common.format() == Format::Json {
        let list: Vec<Value> = all()
            .map(|Preset { name, system, about, values, secrets, .. }| {
                json!({ "preset": name, "system": system, "about": about, "values": values, "secrets": secrets })
            })
            .collect();
        report::json(&list)?
    } else {
        let width = all().map(|preset| preset.name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for Preset { name, system, about, .. } in all() {
            let _ = writeln!(text, "{name:width$}  {system}: {about}");
        }
        text.push_str("\nnext: hrpush init --preset NAME\n");
        text
    };
    print(&text)?;
    Ok(Ended::done())
}
