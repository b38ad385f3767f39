//! The text that a signed approval consists of: twelve lines in a fixed order, so that one approval has one text.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::super::error::Failure;
use crate::plan::{ApprovedGuard, GuardName};
use crate::report::shown;
use crate::store::Approval;

const FORMAT: &str = "hrpush.approval/1";
/// What stands for nothing.
const NONE: &str = "-";

/// An answer to a plan as it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) approves: bool,
    pub(crate) tenant: String,
    pub(crate) feed: String,
    pub(crate) fingerprint: String,
    /// The hash of the reading, in hexadecimal digits.
    pub(crate) reading: String,
    /// The guards that tripped.
    pub(crate) guards: Vec<ApprovedGuard>,
    /// The keys that are left out.
    pub(crate) except: Vec<String>,
    pub(crate) signed_at: Timestamp,
    pub(crate) valid_until: Timestamp,
    /// 32 hexadecimal digits that no other approval has.
    pub(crate) nonce: String,
    pub(crate) note: Option<String>,
}

impl Statement {
    /// The statement of an approval that was kept, as it was signed.
    pub(crate) fn of(approval: &Approval) -> Self {
        Self {
            approves: approval.approves,
            tenant: approval.tenant.0.clone(),
            feed: approval.feed.clone(),
            fingerprint: approval.fingerprint.clone(),
            reading: approval.reading.clone().unwrap_or_default(),
            guards: approval.guards.clone(),
            except: approval.left_out.clone(),
            signed_at: approval.given_at,
            valid_until: approval.expires_at,
            nonce: approval.nonce.clone().unwrap_or_default(),
            note: approval.note.clone(),
        }
    }

    /// The text, as it is signed.
    pub(crate) fn text(&self) -> String {
        let Self { approves, tenant, feed, fingerprint, reading, guards, except, signed_at, valid_until, nonce, note } = self;
        let or_none = |text: String| if text.is_empty() { NONE.to_owned() } else { text };
        let guards: Vec<String> = guards.iter().map(|guard| format!("{}={}/{}", guard.name, guard.count, guard.of)).collect();
        let mut text = format!("{FORMAT}\n");
        let lines = [
            ("decision", if *approves { "approve" } else { "reject" }.to_owned()),
            ("tenant", tenant.clone()),
            ("feed", feed.clone()),
            ("fingerprint", fingerprint.clone()),
            ("reading", format!("sha256:{reading}")),
            ("guards", or_none(guards.join(","))),
            ("except", or_none(except.join(","))),
            ("signed-at", moment(*signed_at)),
            ("valid-until", moment(*valid_until)),
            ("nonce", nonce.clone()),
            ("note", or_none(note.clone().unwrap_or_default())),
        ];
        for (name, value) in lines {
            let _ = writeln!(text, "{name}: {value}");
        }
        text
    }

    /// Reads a text. What is not written as [`Statement::text`] writes it is refused, so that nothing in it goes unread.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.split('\n');
        if lines.next() != Some(FORMAT) {
            return Err(format!("line 1 is not `{FORMAT}`"));
        }
        let mut at = 1;
        let mut value = |name: &str| {
            at += 1;
            let line = lines.next().unwrap_or_default();
            let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
            value.map(str::to_owned).ok_or_else(|| format!("line {at} does not begin with `{name}: `"))
        };
        let decision = value("decision")?;
        let (tenant, feed, fingerprint, reading) = (value("tenant")?, value("feed")?, value("fingerprint")?, value("reading")?);
        let (guards, except) = (value("guards")?, value("except")?);
        let (signed_at, valid_until) = (value("signed-at")?, value("valid-until")?);
        let (nonce, note) = (value("nonce")?, value("note")?);
        let list =
            |text: &str| -> Vec<String> { if text == NONE { Vec::new() } else { text.split(',').map(str::to_owned).collect() } };
        let time = |text: &str| text.parse::<Timestamp>().map_err(|_| format!("`{}` is not a time", shown(text)));
        let statement = Self {
            approves: match decision.as_str() {
                "approve" => true,
                "reject" => false,
                other => return Err(format!("`{}` is no decision", shown(other))),
            },
            tenant,
            feed,
            fingerprint,
            reading: reading.strip_prefix("sha256:").unwrap_or_default().to_owned(),
            guards: list(&guards).iter().map(|text| guard(text)).collect::<Result<_, _>>()?,
            except: list(&except),
            signed_at: time(&signed_at)?,
            valid_until: time(&valid_until)?,
            nonce,
            note: Some(note).filter(|note| note != NONE),
        };
        let digits = |text: &str, count: usize| text.len() == count && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        let is_hash = |text: &str| text.strip_prefix("sha256:").is_some_and(|text| digits(text, 64));
        if !is_hash(&statement.fingerprint) || !is_hash(&reading) || !digits(&statement.nonce, 32) {
            return Err("a fingerprint, a reading or a nonce is not written in full".to_owned());
        }
        // Other ways to write the same, and lines that follow.
        if statement.text() != text {
            return Err("it is not written exactly as hrpush writes it".to_owned());
        }
        Ok(statement)
    }

    /// Refuses what has no place in a line of the text.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let broken = |text: &str| text.chars().any(char::is_control);
        if self.note.as_deref().is_some_and(broken) {
            return Err(Failure::usage("the note has a line break or another control character\n  hint: a note is one line"));
        }
        if broken(&self.feed) || broken(&self.tenant) {
            return Err(Failure::usage("the name of the feed has a control character, so the plan cannot be signed"));
        }
        match self.except.iter().find(|key| key.contains(',') || broken(key) || *key == NONE) {
            Some(key) => Err(Failure::usage(format!("the key `{}` cannot be written in a list of keys", shown(key)))),
            None => Ok(()),
        }
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn guard(text: &str) -> Result<ApprovedGuard, String> {
    let parts = text.split_once('=').and_then(|(name, counts)| Some((name, counts.split_once('/')?)));
    let read = parts.and_then(|(name, (count, of))| {
        Some(ApprovedGuard { name: GuardName::named(name)?, count: count.parse().ok()?, of: of.parse().ok()? })
    });
    read.ok_or_else(|| format!("`{}` is not a guard with its counts, such as disable=9/52", shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement {
            approves: true,
            tenant: "11111111-2222-4333-8444-555555555555".into(),
            feed: "Generic HR CSV export".into(),
            fingerprint: format!("sha256:{}", "ab".repeat(32)),
            reading: "cd".repeat(32),
            guards: vec![
                ApprovedGuard { name: GuardName::Disable, count: 9, of: 52 },
                ApprovedGuard { name: GuardName::Feed, count: 2, of: 14 },
            ],
            except: vec!["10042".into(), "10043".into()],
            signed_at: "2026-11-30T08:00:00Z".parse().unwrap(),
            valid_until: "2026-12-03T08:00:00Z".parse().unwrap(),
            nonce: "0f".repeat(16),
            note: Some("as agreed: ticket 7".into()),
        }
    }

    #[test]
    fn a_statement_is_twelve_lines_in_a_fixed_order() {
        let text = statement().text();
        let zeros = ("ab".repeat(32), "cd".repeat(32), "0f".repeat(16));
        assert_eq!(
            text,
            format!(
                "hrpush.approval/1\ndecision: approve\ntenant: 11111111-2222-4333-8444-555555555555\nfeed: Generic HR CSV export\n\
                 fingerprint: sha256:{}\nreading: sha256:{}\nguards: disable=9/52,feed=2/14\nexcept: 10042,10043\n\
                 signed-at: 2026-11-30T08:00:00Z\nvalid-until: 2026-12-03T08:00:00Z\nnonce: {}\nnote: as agreed: ticket 7\n",
                zeros.0, zeros.1, zeros.2
            )
        );
        assert_eq!(Statement::parse(&text), Ok(statement()));
        let bare = Statement { approves: false, guards: Vec::new(), except: Vec::new(), note: None, ..statement() };
        assert!(bare.text().contains("decision: reject\n") && bare.text().contains("guards: -\nexcept: -\n"));
        assert!(bare.text().ends_with("note: -\n"));
        assert_eq!(Statement::parse(&bare.text()), Ok(bare));
    }

    #[test]
    fn a_text_that_is_written_otherwise_is_refused() {
        let text = statement().text();
        let altered = [
            text.replace('\n', "\r\n"),
            format!("{text}\n"),
            format!("{text}guards: -\n"),
            text.trim_end().to_owned(),
            text.replace("approve\n", "Approve\n"),
            text.replace("08:00:00Z", "09:00:00+01:00"),
            text.replace("disable=9/52", "disable=09/52"),
            text.replace("disable=9/52", "disable"),
            text.replace("nonce: 0f", "nonce: 0F"),
            text.replace("fingerprint: sha256:abab", "fingerprint: sha256:ab"),
            text.replace("tenant: ", "tenant:  "),
            text.replace("/1\n", "/2\n"),
            String::new(),
        ];
        for (at, altered) in altered.iter().enumerate() {
            let read = Statement::parse(altered);
            // A second blank before the tenant is a part of its name.
            assert!(read.is_err() || read.unwrap().tenant.starts_with(' '), "{at}");
        }
    }

    #[test]
    fn what_would_break_a_line_is_not_signed() {
        assert!(statement().check().is_ok());
        let noted = |note: &str| Statement { note: Some(note.into()), ..statement() }.check().is_err();
        assert!(noted("yes\nguards: -") && noted("\u{7}") && !noted("« ja »"));
        assert!(Statement { except: vec!["1,2".into()], ..statement() }.check().is_err());
        assert!(Statement { except: vec!["-".into()], ..statement() }.check().is_err());
        assert!(Statement { feed: "a\nnote: b".into(), ..statement() }.check().is_err());
    }
}
