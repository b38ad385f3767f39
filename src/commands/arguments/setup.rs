//! The arguments of doctor and init.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCandidates;

use super::shared_options::TargetArgs;
use crate::commands::completion_values;

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Instead of checking, print the commands that register the app with exactly the permissions that this configuration needs
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with = "graph_url")]
    pub(crate) grant: Option<Grant>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// The tool that the commands of `doctor --grant` are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Grant {
    /// The commands of Azure CLI, `az`
    Az,
    /// The commands of Microsoft Graph PowerShell
    Powershell,
    /// CLI for Microsoft 365
    M365,
    /// Resources of Terraform's `azuread` provider
    Terraform,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The HR file to guess the mapping from
    #[arg(required_unless_present = "preset")]
    pub(crate) file: Option<PathBuf>,
    /// The column of the person's key, if its name is not a common one
    #[arg(long, value_name = "COLUMN", conflicts_with = "preset")]
    pub(crate) key: Option<String>,
    /// Start from this HR system instead; `hrpush presets` lists the known ones
    #[arg(long, value_name = "NAME", conflicts_with = "file", add = ArgValueCandidates::new(completion_values::presets))]
    pub(crate) preset: Option<String>,
    /// Replace hrpush.toml and the mapping if they exist
    #[arg(long)]
    pub(crate) force: bool,
}
