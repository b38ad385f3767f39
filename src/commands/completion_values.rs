//! Values that only this machine knows, for the completions of a shell.

use std::path::PathBuf;

use clap_complete::engine::CompletionCandidate;

use crate::report::shown;
use crate::session::presets;
use crate::session::settings::Settings;

/// The most runs that a shell offers.
const MOST: usize = 50;

/// The ids of the last runs, newest first, and `last`. A state folder that does not exist has none and is not made.
pub(super) fn runs() -> Vec<CompletionCandidate> {
    let last = CompletionCandidate::new("last").help(Some("the last run".into())).display_order(Some(0));
    let rows = rows().unwrap_or_default();
    let rows = rows.iter().take(MOST).enumerate().map(|(at, row)| {
        let ended = row.ended.map_or("unfinished", |ended| ended.as_str());
        let help = format!("{} {ended} {}", row.started_at, shown(row.feed.as_deref().unwrap_or_default()));
        CompletionCandidate::new(&row.run.0).help(Some(help.into())).display_order(Some(at + 1))
    });
    std::iter::once(last).chain(rows).collect()
}

/// The names of the presets.
pub(super) fn presets() -> Vec<CompletionCandidate> {
    presets::all().map(|preset| CompletionCandidate::new(preset.name).help(Some(preset.system.into()))).collect()
}

fn rows() -> Option<Vec<crate::store::RunRow>> {
    let settings = Settings::load(option("--config").as_deref(), option("--state").as_deref()).ok()?;
    if !settings.state.join("state.db").is_file() {
        return None;
    }
    settings.store().ok()?.runs().ok()
}

/// The value of an option on the line that is completed.
fn option(name: &str) -> Option<PathBuf> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let apart = words.windows(2).find(|pair| pair[0] == name).map(|pair| PathBuf::from(&pair[1]));
    apart.or_else(|| words.iter().find_map(|word| word.strip_prefix(&format!("{name}=")).map(PathBuf::from)))
}
