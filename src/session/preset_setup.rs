//! The first configuration for a known HR system: hrpush.toml with the values that only the user knows, and the preset as the user's own file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::error::Failure;
use super::output::write_private;
use super::presets::{self, Preset};
use super::rest_source;
use super::setup::{Existing, new_files};
use crate::mapping;

/// A preset that was just written.
pub(crate) struct PresetSetup {
    pub(crate) preset: Preset,
    pub(crate) mapping: PathBuf,
}

/// Writes the configuration and the preset beside each other.
pub(crate) fn from_preset(name: &str, config: &Path, existing: Existing) -> Result<PresetSetup, Failure> {
    rest_source::preset(name)?;
    let Some(preset) = presets::all().find(|preset| preset.name == name) else {
        return Err(Failure::usage(format!("there is no preset `{name}`")));
    };
    let (_, mapping) = new_files(config, &format!("{name}.toml"), existing)?;
    write_private(&mapping, preset.text)?;
    write_private(config, &settings_text(&preset))?;
    Ok(PresetSetup { preset, mapping })
}

const TENANT: &str = "# Without [tenant] the embedded sandbox is used. See the README for the app registration.\n\
     # [tenant]\n# id   = \"contoso.onmicrosoft.com\"\n\
     # auth = { method = \"client-secret\", client_id = \"…\", secret_env = \"HRPUSH_CLIENT_SECRET\" }\n\n";

fn settings_text(preset: &Preset) -> String {
    let Preset { name, system, values, secrets, .. } = preset;
    let mut text = if mapping::is_pushed(name) {
        format!(
            "{TENANT}# {name}.toml contains the mapping. Change it as needed.\n\
             [source]\nkind    = \"scim\"\nfeed    = \"{system}\"   # the name of the mapping: tokens are made for it\n\
             mapping = \"{name}.toml\"\n\n\
             # hrpush serve token new --feed {system}    prints a token for the sender\n\
             [serve]\nlisten = \"127.0.0.1:8443\"\n"
        )
    } else {
        format!(
            "{TENANT}# {system}. {name}.toml contains the settings of the service and the mapping. Change both as needed.\n\
             # A key of [source] in this file overrides the same key there.\n\
             [source]\nkind    = \"rest\"\nmapping = \"{name}.toml\"\n"
        )
    };
    if !values.is_empty() {
        let blank: Vec<String> = values.iter().map(|name| format!("{name} = \"\"")).collect();
        let _ = writeln!(text, "# The values of your account:\nvalues  = {{ {} }}", blank.join(", "));
    }
    if !secrets.is_empty() {
        let _ = writeln!(text, "# Its secrets are read from: {}", secrets.join(", "));
    }
    text.push_str("\n[protect]\nusers  = []        # put the break-glass accounts here\ngroups = []\n");
    text
}
