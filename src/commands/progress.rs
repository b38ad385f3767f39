//! A bar on the terminal while a plan is carried out.

use std::future::Future;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::graph::Client;

/// Does the work, and shows on a terminal how many of so many writes are sent, at which rate they pass and how long it takes.
pub(crate) async fn shown<T>(quiet: bool, client: &Client, writes: u64, work: impl Future<Output = T>) -> T {
    if quiet || !std::io::stderr().is_terminal() {
        return work.await;
    }
    let bar = ProgressBar::new(writes);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} writes, {msg}") {
        bar.set_style(style);
    }
    let before = client.requests().writes;
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                bar.finish_and_clear();
                return done;
            }
            _ = tick.tick() => {
                let sent = client.requests().writes.saturating_sub(before).min(writes);
                let (left, rate) = client.forecast(writes - sent);
                bar.set_position(sent);
                bar.set_message(told(left, rate));
            }
        }
    }
}

/// What the quota's model foretells: an average of the past would promise the pace of the first burst for hours.
fn told(left: Duration, rate: f64) -> String {
    match left.as_secs() {
        0 => "not held back by the quota".to_owned(),
        seconds @ 1..60 => format!("{rate:.0} a second, {seconds} s left"),
        seconds @ 60..3_600 => format!("{rate:.0} a second, {} min left", seconds.div_ceil(60)),
        seconds => format!("{rate:.0} a second, {} h {:02} min left", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_told_as_people_tell_it() {
        assert_eq!(told(Duration::ZERO, 18.0), "not held back by the quota");
        assert_eq!(told(Duration::from_secs(59), 18.0), "18 a second, 59 s left");
        assert_eq!(told(Duration::from_secs(61), 18.0), "18 a second, 2 min left");
        assert_eq!(told(Duration::from_mins(62), 18.0), "18 a second, 1 h 02 min left");
    }
}
