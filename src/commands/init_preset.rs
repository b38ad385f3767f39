//! `hrpush init --preset NAME`: an hrpush.toml that asks for what only its user knows, and the preset as a file of their own.

use std::fmt::Write as _;
use std::path::Path;

use super::cli::Common;
use super::exit::{Ended, Failure};
use super::files::{print, write_private};
use super::presets::{self, Preset};
use super::service;

pub(super) fn init(common: &Common, name: &str, force: bool) -> Result<Ended, Failure> {
    service::preset(name)?;
    let Some(preset) = presets::all().find(|preset| preset.name == name) else {
        return Err(Failure::usage(format!("no preset is called `{name}`")));
    };
    let config = common.config.clone().unwrap_or_else(|| "hrpush.toml".into());
    let folder = config.parent().unwrap_or(Path::new("")).to_owned();
    let mapping = folder.join(format!("{name}.toml"));
    if !force {
        super::init::refuse_existing(&[&config, &mapping])?;
    }
    write_private(&mapping, preset.text)?;
    write_private(&config, &settings_text(&preset))?;
    print(&format!("wrote {} and {}\n{}", config.display(), mapping.display(), next(&preset)))?;
    Ok(Ended::done())
}

fn settings_text(preset: &Preset) -> String {
    let Preset { name, system, values, secrets, .. } = preset;
    let mut text = format!(
        "# Without [tenant] the embedded sandbox is used. See the README for the app registration.\n\
         # [tenant]\n# id   = \"contoso.onmicrosoft.com\"\n\
         # auth = {{ method = \"client-secret\", client_id = \"…\", secret_env = \"HRPUSH_CLIENT_SECRET\" }}\n\n\
         # {system}. How it is read stands in {name}.toml, together with the mapping: both are yours to change.\n\
         # Any key of its [source] that is written here wins over it.\n\
         [source]\nkind    = \"rest\"\nmapping = \"{name}.toml\"\n"
    );
    if !values.is_empty() {
        let blank: Vec<String> = values.iter().map(|name| format!("{name} = \"\"")).collect();
        let _ = writeln!(text, "# What only you know:\nvalues  = {{ {} }}", blank.join(", "));
    }
    if !secrets.is_empty() {
        let _ = writeln!(text, "# Its secrets are read from: {}", secrets.join(", "));
    }
    text.push_str("\n[protect]\nusers  = []        # put the break-glass accounts here\ngroups = []\n");
    text
}

fn next(preset: &Preset) -> String {
    let mut text = String::from("next:");
    if !preset.values.is_empty() {
        let _ = write!(text, " fill in {};", preset.values.join(", "));
    }
    if !preset.secrets.is_empty() {
        let _ = write!(text, " set {};", preset.secrets.join(", "));
    }
    text.push_str(" then `hrpush records` shows what is read, and `hrpush plan` what would change\n");
    text
}
