//! `hrpush status`: what a monitor asks, from the state folder alone.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::cli::{Common, Format, StatusArgs};
use super::interrupt::block_on;
use super::output::print;
use super::run::settings;
use crate::report::{self, shown};
use crate::session::error::{Ended, Failure};
use crate::session::notification::announce_now;
use crate::session::notify_test::NO_RECEIVER;
use crate::session::status::{Status, status};

pub(super) fn show(common: &Common, args: &StatusArgs) -> Result<Ended, Failure> {
    let (settings, now) = (settings(common)?, Timestamp::now());
    let status = status(&settings, now)?;
    print(&match common.format() {
        Format::Json => report::json(&status)?,
        Format::Text => text(&status),
    })?;
    if !args.notify {
        return Ok(status.ended(args.max_age));
    }
    if settings.config.notify.is_none() {
        return Err(Failure::usage(NO_RECEIVER));
    }
    block_on(async |_| {
        for message in status.late_messages(args.max_age, now) {
            announce_now(&settings, &message).await;
        }
        Ok(status.ended(args.max_age))
    })
}

fn text(status: &Status) -> String {
    let mut text = String::new();
    for feed in &status.feeds {
        let good = feed.last_good_run.as_ref().zip(feed.age_seconds).map_or_else(
            || "none".to_owned(),
            |(run, age)| format!("{} {} h {:02} min ago", shown(&run.run.0), age / 3_600, age / 60 % 60),
        );
        let _ = writeln!(text, "feed: {}", shown(&feed.feed));
        let _ = writeln!(text, "  tenant: {}", shown(&feed.tenant_id.0));
        let _ = writeln!(text, "  last good run: {good}");
        let last = &feed.last_run;
        let ended = last.ended.map_or("unfinished", |ended| ended.as_str());
        let _ = writeln!(text, "  last run: {} {ended}, {} held, {} failed", shown(&last.run.0), feed.held, last.failed);
        if let Some(writes) = feed.quota_writes {
            let _ = writeln!(text, "  quota: {} writes without waiting", writes.max(0.0).floor());
        }
    }
    let _ = writeln!(text, "state folder: {} kB", status.state_bytes / 1_000);
    text
}
