//! The arguments of approve and reject.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SigningArgs {
    /// Sign with this private key of OpenSSH
    #[arg(long, value_name = "KEY")]
    pub(crate) sign: Option<PathBuf>,
    /// Write the statement to FILE and its signature to FILE.sig instead of recording it here
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Approves a plan before the run that carries it out. The approval covers the changes of the plan: the next run counts them as let through,
/// and its guards judge the others. It is used once.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// The fingerprint of the plan, at least 12 of its digits, or `last` for the plan of the last run
    #[arg(required_unless_present_any = ["plan", "accept"], conflicts_with_all = ["plan", "accept"])]
    pub(crate) fingerprint: Option<String>,
    /// Approve the plan of this file, on another machine than that of its state folder
    #[arg(long, value_name = "FILE", requires = "output", conflicts_with = "accept")]
    pub(crate) plan: Option<PathBuf>,
    /// Take a signed approval into this state folder; its signature is in FILE.sig
    #[arg(long, value_name = "FILE", conflicts_with_all = ["except", "note", "sign", "output"])]
    pub(crate) accept: Option<PathBuf>,
    /// Leave this person out: the changes are rejected until HR's record changes (repeatable)
    #[arg(long, value_name = "KEY")]
    pub(crate) except: Vec<String>,
    /// The reason, kept with the approval
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    #[command(flatten)]
    pub(crate) signing: SigningArgs,
}

/// Rejects a plan. Its changes are skipped until HR's record of the person changes, or until `hrpush decide KEY --forget`.
#[derive(Debug, Args)]
pub(crate) struct Reject {
    /// The fingerprint of the plan, at least 12 of its digits, or `last` for the plan of the last run
    pub(crate) fingerprint: String,
    /// The reason, kept with the rejection
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) note: String,
    #[command(flatten)]
    pub(crate) signing: SigningArgs,
}
