//! What requests cost and when the tenant refuses them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::reply::Problem;

/// How the tenant counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QuotaKind {
    /// A bucket that refills steadily, as Graph documents it.
    #[default]
    Bucket,
    /// A window that slides over the last requests.
    Window,
    /// No limit at all.
    Off,
}

impl std::str::FromStr for QuotaKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "bucket" => Ok(Self::Bucket),
            "window" => Ok(Self::Window),
            "off" => Ok(Self::Off),
            _ => Err("expected bucket, window or off"),
        }
    }
}

/// The tenant's quota; the default is the documented one of an app in a tenant of its size.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// How the tenant counts.
    pub kind: QuotaKind,
    /// How many times faster than in reality the quota's time runs.
    pub scale: f64,
    /// Writes the bucket holds, and writes in a window of 150 s.
    pub writes: f64,
    /// Writes refilled in a second.
    pub refill: f64,
    /// Writes of all apps together in 300 s, beside the limit of each.
    pub tenant_writes: f64,
    /// Resource units in 10 s; by the number of users without it: 3,500 below 50, 5,000 up to 500, 8,000 above.
    pub units: Option<f64>,
}

impl Default for Quota {
    fn default() -> Self {
        Self { kind: QuotaKind::Bucket, scale: 1.0, writes: 3000.0, refill: 20.0, tenant_writes: 18_000.0, units: None }
    }
}

impl Quota {
    /// No limit at all.
    pub fn off() -> Self {
        Self { kind: QuotaKind::Off, ..Self::default() }
    }

    /// The documented quota, its time running faster.
    pub fn scaled(scale: f64) -> Self {
        Self { scale, ..Self::default() }
    }
}

/// What one request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Price {
    /// The resource units; 0 for what the quota of the directory does not count.
    pub(super) units: u32,
    pub(super) write: bool,
}

/// The price list of the documentation. Its table of resources has no authentication methods, so that Temporary Access Passes are
/// outside the directory's quota; the documentation gives no limit of their own.
pub(super) fn price(method: &str, path: &[&str], query: impl Fn(&str) -> Option<String>) -> Price {
    // Uploads to a provisioning job and readings of its log have limits of their own.
    if let ["users", _, "authentication", ..] | ["servicePrincipals", _, "synchronization", ..] | ["auditLogs", ..] = path {
        return Price { units: 0, write: method != "GET" };
    }
    let select = query("$select").is_some();
    if method != "GET" {
        let units = match path {
            ["directoryObjects", "getByIds"] => return Price { units: if select { 2 } else { 5 }, write: false },
            ["directoryObjects", "getAvailableExtensionProperties"] => return Price { units: 1, write: false },
            [.., "checkMemberGroups" | "checkMemberObjects" | "isMemberOf"] => return Price { units: 4, write: false },
            [.., "getMemberGroups" | "getMemberObjects"] => return Price { units: 2, write: false },
            _ => 1,
        };
        return Price { units, write: true };
    }
    let base: i32 = match path {
        ["users"] | ["users", _, "memberOf" | "transitiveMemberOf" | "licenseDetails", ..] => 2,
        ["groups", _, "members", ..] | ["subscribedSkus"] => 3,
        ["groups", _, "transitiveMembers", ..] => 5,
        _ => 1,
    };
    let top = query("$top").and_then(|top| top.parse::<u32>().ok()).is_some_and(|top| top < 20);
    let price = base - i32::from(select) + i32::from(query("$expand").is_some()) - i32::from(top);
    Price { units: u32::try_from(price.max(1)).unwrap_or(1), write: false }
}

/// One limit, by bucket or by window.
struct Limit {
    size: f64,
    /// Refilled in a second of the quota's time.
    refill: f64,
    window: f64,
    level: f64,
    at: f64,
    seen: VecDeque<(f64, f64)>,
    sum: f64,
}

impl Limit {
    fn new(size: f64, refill: f64, window: f64) -> Self {
        Self { size, refill, window, level: size, at: 0.0, seen: VecDeque::new(), sum: 0.0 }
    }

    fn units(size: f64) -> Self {
        Self::new(size, size / 10.0, 10.0)
    }

    /// The limit grows or shrinks with the tenant; what was used stays used.
    fn resize(&mut self, size: f64) {
        if (size - self.size).abs() > 0.5 {
            self.level += size - self.size;
            (self.size, self.refill) = (size, size / 10.0);
        }
    }

    /// Takes the cost, which a refused request pays as well; gives the seconds to wait when refused.
    fn take(&mut self, kind: QuotaKind, now: f64, cost: f64) -> Result<(), f64> {
        match kind {
            QuotaKind::Off => Ok(()),
            QuotaKind::Bucket => {
                self.level = (self.level + (now - self.at).max(0.0) * self.refill).min(self.size);
                self.at = now;
                let granted = self.level >= cost;
                self.level = (self.level - cost).max(-10.0 * self.refill).min(self.size);
                if granted { Ok(()) } else { Err((cost - self.level) / self.refill) }
            }
            QuotaKind::Window => {
                while let Some(&(at, spent)) = self.seen.front()
                    && at <= now - self.window
                {
                    self.sum -= spent;
                    self.seen.pop_front();
                }
                let granted = self.sum + cost <= self.size;
                self.sum += cost;
                self.seen.push_back((now, cost));
                if granted { Ok(()) } else { Err(self.wait(now, cost)) }
            }
        }
    }

    /// When so much of the window has passed that the cost fits again.
    fn wait(&self, now: f64, cost: f64) -> f64 {
        let mut sum = self.sum;
        for &(at, spent) in &self.seen {
            sum -= spent;
            if sum + cost <= self.size {
                return (at + self.window - now).max(0.001);
            }
        }
        self.window
    }

    /// How much of the limit is used, 1.0 being all.
    fn used(&self, kind: QuotaKind) -> f64 {
        match kind {
            QuotaKind::Off => 0.0,
            QuotaKind::Bucket => ((self.size - self.level) / self.size).min(1.8),
            QuotaKind::Window => (self.sum / self.size).min(1.8),
        }
    }
}

/// Resource units in 10 s of a tenant with so many users.
fn units_of(users: usize) -> f64 {
    match users {
        0..50 => 3_500.0,
        50..=500 => 5_000.0,
        _ => 8_000.0,
    }
}

/// The limits of one app in a tenant.
struct AppLimits {
    writes: Limit,
    units: Limit,
}

/// The app that pays, in its tenant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payer<'a> {
    pub(super) app: &'a str,
    pub(super) tenant: &'a str,
    /// How many users the tenant has, which decides its size.
    pub(super) users: usize,
}

/// The limit that a request has exhausted.
struct Exhausted {
    /// The scope and the kind of requests, as the header names them.
    scope: &'static str,
    information: &'static str,
    wait: f64,
    used: f64,
}

/// The limits of each app, and the limit of all apps of the tenant together.
pub(super) struct Meter {
    quota: Quota,
    apps: BTreeMap<String, AppLimits>,
    tenant: Limit,
    /// Whether the last write was refused.
    stopped: bool,
    /// How often writes were refused after one that was let through.
    pub(super) stops: u64,
}

/// The seconds in which the writes of all apps are counted.
const TENANT_WINDOW: f64 = 300.0;

impl Meter {
    pub(super) fn new(quota: Quota) -> Self {
        let tenant = Limit::new(quota.tenant_writes, quota.tenant_writes / TENANT_WINDOW, TENANT_WINDOW);
        Self { quota, apps: BTreeMap::new(), tenant, stopped: false, stops: 0 }
    }

    /// How many times faster than in reality the quota's time runs.
    pub(super) fn scale(&self) -> f64 {
        self.quota.scale
    }

    /// Charges a request, or returns the 429 with the time to wait and the exhausted limit.
    pub(super) fn pay(&mut self, elapsed: Duration, price: Price, payer: Payer<'_>) -> Result<Option<f64>, Problem> {
        if price.units == 0 {
            return Ok(None);
        }
        let paid = self.charge(elapsed.as_secs_f64() * self.quota.scale, price, payer);
        if price.write {
            self.stops += u64::from(paid.is_err() && !self.stopped);
            self.stopped = paid.is_err();
        }
        paid.map_err(|limit| self.throttled(limit.scope, limit.information, limit.wait, limit.used, payer))
    }

    fn charge(&mut self, now: f64, price: Price, payer: Payer<'_>) -> Result<Option<f64>, Exhausted> {
        let quota = self.quota;
        let kind = quota.kind;
        let units = quota.units.unwrap_or_else(|| units_of(payer.users));
        if !self.apps.contains_key(payer.app) {
            let fresh = AppLimits { writes: Limit::new(quota.writes, quota.refill, 150.0), units: Limit::units(units) };
            self.apps.insert(payer.app.to_owned(), fresh);
        }
        let Some(app) = self.apps.get_mut(payer.app) else { return Ok(None) };
        app.units.resize(units);
        if price.write {
            if let Err(wait) = app.writes.take(kind, now, 1.0) {
                let used = app.writes.used(kind);
                return Err(Exhausted { scope: "Tenant_Application/Write", information: "WriteLimitExceeded", wait, used });
            }
            if let Err(wait) = self.tenant.take(kind, now, 1.0) {
                let used = self.tenant.used(kind);
                return Err(Exhausted { scope: "Tenant/Write", information: "WriteLimitExceeded", wait, used });
            }
        }
        if let Err(wait) = app.units.take(kind, now, f64::from(price.units)) {
            let used = app.units.used(kind);
            return Err(Exhausted {
                scope: "Tenant_Application/ReadWrite",
                information: "ResourceUnitLimitExceeded",
                wait,
                used,
            });
        }
        let used = app.units.used(kind);
        let used = if price.write { used.max(app.writes.used(kind)).max(self.tenant.used(kind)) } else { used };
        Ok((used > 0.8).then_some(used))
    }

    /// 429 for a service under load, whatever the quota has left.
    pub(super) fn overloaded(&self, write: bool, payer: Payer<'_>) -> Problem {
        let scope = if write { "Tenant_Application/Write" } else { "Tenant_Application/ReadWrite" };
        self.throttled(scope, "CPULimitExceeded", 0.2, 1.0, payer)
    }

    /// 429 with the headers that name the exhausted limit. The wait is at least a second, in whole seconds of the quota's time.
    fn throttled(&self, scope: &str, information: &str, wait: f64, used: f64, payer: Payer<'_>) -> Problem {
        let whole = wait.ceil().max(1.0) / self.quota.scale;
        let seconds = if whole.fract() == 0.0 { format!("{whole}") } else { format!("{:.3}", whole.max(0.001)) };
        let mut problem = Problem::new(429, "TooManyRequests", "Too many requests.")
            .header("Retry-After", seconds)
            .header("x-ms-throttle-scope", format!("{scope}/{}/{}", payer.app, payer.tenant))
            .header("x-ms-throttle-information", information)
            .header("x-ms-throttle-limit-percentage", format!("{:.2}", used.clamp(1.0, 1.8)));
        problem.inner = Some("429");
        problem
    }
}
