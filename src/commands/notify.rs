//! `hrpush notify test`: sends a test message to every receiver.

use std::fmt::Write as _;

use super::cli::{Common, Format, NotifyCommand};
use super::interrupt::block_on;
use super::output::print;
use super::run::settings;
use crate::report::{self, shown};
use crate::session::error::{Code, Ended, Failure};
use crate::session::notify_test::{Attempt, test};

pub(super) fn notify(common: &Common, command: &NotifyCommand) -> Result<Ended, Failure> {
    let NotifyCommand::Test = command;
    let settings = settings(common)?;
    block_on(async |_| {
        let attempts = test(&settings).await?;
        print(&match common.format() {
            Format::Json => report::json(&attempts)?,
            Format::Text => text(&attempts),
        })?;
        let failed = attempts.iter().filter(|attempt| !attempt.is_ok());
        let why: Vec<String> = failed.map(|attempt| format!("fail {}: {}", attempt.channel, attempt.message)).collect();
        Ok(if why.is_empty() { Ended::done() } else { Ended::with(Code::CannotRun, why) })
    })
}

fn text(attempts: &[Attempt]) -> String {
    let mut text = String::new();
    for Attempt { channel, state, message } in attempts {
        let _ = writeln!(text, "{state:<4} {channel}: {}", shown(message));
    }
    text
}
