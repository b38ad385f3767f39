//! `hrpush serve`: the SCIM server, and the tokens of its senders.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cli::{Common, Format, Serve, ServeCommand, Token};
use super::interrupt::block_on;
use super::output::print;
use super::quiet_runs::QuietRuns;
use super::run::{remark, settings};
use crate::config::{OPEN_HINT, exact_duration};
use crate::endpoint::{Endpoint, Options};
use crate::report::{self, shown};
use crate::session::error::{Ended, Failure};
use crate::session::output::write_private;
use crate::session::pushed_feed::check_feed;
use crate::session::settings::Settings;
use crate::store::pushed::{PushStore, TokenRow};

pub(super) fn serve(common: &Common, args: &Serve) -> Result<Ended, Failure> {
    let settings = settings(common)?;
    match &args.command {
        None => listen(common, args, settings),
        Some(ServeCommand::Token(Token::New { feed, expires })) => new_token(&settings, feed, expires.as_deref()),
        Some(ServeCommand::Token(Token::List)) => list(common, &settings),
        Some(ServeCommand::Token(Token::Revoke { id })) => revoke(&settings, id),
    }
}

fn listen(common: &Common, args: &Serve, settings: Settings) -> Result<Ended, Failure> {
    let serve = settings.config.serve;
    let listen = args.listen.unwrap_or(serve.listen);
    if serve.is_open(listen) {
        return Err(Failure::usage(format!("{listen} would send tokens over the network in the clear\n  hint: {OPEN_HINT}")));
    }
    let options = Options {
        listen,
        max_body: serve.max_body,
        behind_proxy: serve.behind_proxy,
        tls: serve.tls,
        metrics: serve.metrics,
        state: settings.state.clone(),
    };
    block_on(async |cancelled| {
        let endpoint = Endpoint::bind(options).await?;
        if PushStore::open(&settings.state)?.tokens()?.is_empty() {
            remark(common, "no sender has a token yet: `hrpush serve token new --feed NAME` makes one");
        }
        if let Some(path) = &args.port_file {
            write_private(path, &format!("{}\n", endpoint.port()))?;
        }
        if let Some(url) = endpoint.metrics_url() {
            remark(common, &format!("a monitor finds {url}"));
        }
        print(&format!("{}\n", endpoint.url()))?;
        if let Some(quiet) = serve.run_after {
            tokio::spawn(QuietRuns::new(common, quiet)?.follow(endpoint.changes()));
        }
        endpoint.serve(cancelled).await;
        Ok(Ended::done())
    })
}

fn new_token(settings: &Settings, feed: &str, expires: Option<&str>) -> Result<Ended, Failure> {
    check_feed(settings, feed)?;
    let expires = expires.map(|text| match exact_duration(text).and_then(|time| Timestamp::now().checked_add(time).ok()) {
        Some(moment) => Ok(moment),
        None => Err(Failure::usage(format!("--expires: `{text}` is not a duration\n  hint: 180d or 26w"))),
    });
    let token = PushStore::open(&settings.state)?.add_token(feed, expires.transpose()?)?;
    // On stdout alone, so that a script can take it. It is shown this once.
    print(&format!("{}\n", token.secret))?;
    Ok(Ended::done())
}

fn list(common: &Common, settings: &Settings) -> Result<Ended, Failure> {
    let tokens = PushStore::open_existing(&settings.state)?.map(|store| store.tokens()).transpose()?.unwrap_or_default();
    print(&match common.format() {
        Format::Json => report::json(&tokens.iter().map(document).collect::<Vec<_>>())?,
        Format::Text => text(&tokens),
    })?;
    Ok(Ended::done())
}

fn document(token: &TokenRow) -> Value {
    let TokenRow { id, feed, created_at, expires_at, last_used_at } = token;
    json!({ "id": id, "feed": feed, "createdAt": created_at, "expiresAt": expires_at, "lastUsedAt": last_used_at })
}

fn text(tokens: &[TokenRow]) -> String {
    let mut text = String::new();
    for TokenRow { id, feed, created_at, expires_at, last_used_at } in tokens {
        let moment = |at: &Option<String>| at.as_deref().map_or("never", |at| at.get(..16).unwrap_or(at)).replace('T', " ");
        let created = moment(&Some(created_at.clone()));
        let (expires, used) = (moment(expires_at), moment(last_used_at));
        let _ = writeln!(text, "{id}  {}  made {created}, expires {expires}, last used {used}", shown(feed));
    }
    if tokens.is_empty() {
        text.push_str("no tokens: `hrpush serve token new --feed NAME` makes one\n");
    }
    text
}

fn revoke(settings: &Settings, id: &str) -> Result<Ended, Failure> {
    let is_revoked = match PushStore::open_existing(&settings.state)? {
        Some(mut store) => store.revoke_token(id)?,
        None => false,
    };
    if !is_revoked {
        return Err(Failure::usage(format!("no token has the id `{}`\n  hint: `hrpush serve token list` shows them", shown(id))));
    }
    print(&format!("revoked {}\n", shown(id)))?;
    Ok(Ended::done())
}
