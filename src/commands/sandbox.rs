//! `hrpush sandbox`: serves the sandbox tenant on loopback until it is interrupted.

use std::collections::BTreeSet;
use std::time::Duration;

use super::cli::Sandbox as Args;
use super::interrupt::interrupted;
use super::output::print;
use crate::sandbox::{Faults, Options, Quota, QuotaKind, Sandbox, TlsFiles, is_permission};
use crate::session::error::{Ended, Failure};
use crate::session::output::{append_private, write_private};

/// How far the tenant's clock is ahead (`40d`, `12h`) or behind (`-3h`).
fn moved(text: &str) -> Result<(Duration, Duration), Failure> {
    let (back, time) = text.strip_prefix('-').map_or((false, text), |time| (true, time));
    let (digits, hours) = match (time.strip_suffix('d'), time.strip_suffix('h')) {
        (Some(digits), _) => (digits, 24),
        (None, Some(digits)) => (digits, 1),
        (None, None) => (time, 0),
    };
    // A hundred years are enough.
    let hours =
        digits.parse::<u32>().ok().and_then(|count| count.checked_mul(hours)).filter(|hours| (1..=876_000).contains(hours));
    let by = hours
        .map(|hours| Duration::from_secs(u64::from(hours) * 3_600))
        .ok_or_else(|| Failure::usage(format!("--clock: `{text}` is not a duration\n  hint: 40d, 12h or -3h")))?;
    Ok(if back { (Duration::ZERO, by) } else { (by, Duration::ZERO) })
}

pub(super) fn sandbox(args: &Args) -> Result<Ended, Failure> {
    if !args.listen.ip().is_loopback() {
        return Err(Failure::usage(format!(
            "--listen {}: the sandbox listens only on loopback\n  hint: 127.0.0.1:0",
            args.listen
        )));
    }
    if !(args.quota_scale.is_finite() && args.quota_scale > 0.0) {
        return Err(Failure::usage("--quota-scale must be above 0"));
    }
    let options = options(args)?;
    // A rehearsal may contain a copy of the real tenant.
    for path in args.db.iter().chain(&args.request_log) {
        append_private(path).map_err(|fault| Failure::file("open", path, &fault))?;
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let sandbox = Sandbox::start(args.listen, options).await?;
        let url = sandbox.url();
        if let Some(path) = &args.port_file {
            let port = url::Url::parse(&url).ok().and_then(|url| url.port()).unwrap_or_default();
            write_private(path, &format!("{port}\n"))?;
        }
        print(&format!("{url}\n"))?;
        tracing::info!("the sandbox tenant {} listens at {url}", sandbox.tenant_id());
        interrupted().await;
        drop(sandbox);
        Ok(Ended::done())
    })
}

/// The tenant that the options describe.
fn options(args: &Args) -> Result<Options, Failure> {
    let kind: QuotaKind = args.quota_kind.parse().map_err(|fault| Failure::usage(format!("--quota-kind: {fault}")))?;
    let faults = args.faults.as_deref().map(Faults::parse).transpose();
    let faults = faults.map_err(|fault| Failure::usage(format!("--faults: {fault}")))?.unwrap_or_default();
    let lag = args.lag.as_deref().map(str::parse).transpose().map_err(|fault| Failure::usage(format!("--lag: {fault}")))?;
    let lenience = args.lenient.as_deref().map(str::parse).transpose();
    let lenience = lenience.map_err(|fault| Failure::usage(format!("--lenient: {fault}")))?.unwrap_or_default();
    let (ahead, behind) = args.clock.as_deref().map(moved).transpose()?.unwrap_or_default();
    Ok(Options {
        seed: args.seed.clone(),
        db: args.db.clone(),
        quota: Quota { kind, ..Quota::scaled(args.quota_scale) },
        faults,
        lag,
        ahead,
        behind,
        log: args.request_log.clone(),
        permissions: args.roles.as_deref().map(permissions).transpose()?,
        directory_roles: args.directory_roles.iter().map(|role| role.trim().to_owned()).collect(),
        lenience,
        public_url: args.public_url.clone(),
        tls: args.tls_cert.clone().zip(args.tls_key.clone()).map(|(certificate, key)| TlsFiles { certificate, key }),
        ..Options::default()
    })
}

/// The permissions of `--roles`, each of which some request of the sandbox asks for.
fn permissions(names: &[String]) -> Result<BTreeSet<String>, Failure> {
    let names: BTreeSet<String> = names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    match names.iter().find(|name| !is_permission(name)) {
        Some(name) => Err(Failure::usage(format!(
            "--roles: no request that the sandbox covers asks for `{name}`\n  hint: application permissions of Graph, such as User.ReadWrite.All"
        ))),
        None => Ok(names),
    }
}
