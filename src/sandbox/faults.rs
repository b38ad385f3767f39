//! What real tenants do to their clients, on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use super::provisioning::job::JobState;
use super::reply::Problem;
use super::rng::Chance;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// 429, 500, 502, 503 or 504; of 500, 502 and 504 half come after the commit.
    Status(u16),
    /// The answer takes its time.
    Slow,
    /// The body breaks off half way.
    Truncate,
    /// The connection is reset and nothing was done.
    ResetBefore,
    /// The connection is reset although all was done.
    ResetAfter,
    /// Every second request of a batch answers 503.
    HalfBatch,
    /// The next page repeats this one.
    DuplicatePage,
    /// The delta token is refused as expired: 400 `syncStateNotFound`.
    ExpiredDelta,
    /// The service asks for a new start: 410 `resyncRequired`, with a `Location` that starts anew.
    ResetDelta,
    /// The link to the next page points to another host.
    ForeignLink,
    /// At a write, before it is done, the tenant falls silent: nothing is served any more, as if the client had died.
    HaltBefore,
    /// The same once the write is done.
    HaltAfter,
}

impl FromStr for Fault {
    type Err = FaultsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "429" | "500" | "502" | "503" | "504" => Self::Status(text.parse().unwrap_or(503)),
            "slow" => Self::Slow,
            "truncate" => Self::Truncate,
            "reset-before" => Self::ResetBefore,
            "reset-after" => Self::ResetAfter,
            "half-batch" => Self::HalfBatch,
            "duplicate-page" => Self::DuplicatePage,
            "expired-delta" => Self::ExpiredDelta,
            "reset-delta" => Self::ResetDelta,
            "foreign-link" => Self::ForeignLink,
            "halt-before" => Self::HaltBefore,
            "halt-after" => Self::HaltAfter,
            _ => return Err(FaultsError::Unknown { name: text.to_owned() }),
        })
    }
}

/// A list of faults that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FaultsError {
    /// No fault has this name.
    #[error(
        "unknown fault `{name}`; known are 429, 500, 502, 503, 504, slow, truncate, reset-before, reset-after, half-batch, duplicate-page, \
         expired-delta, reset-delta, foreign-link, halt-before, halt-after, refuse, fail, skip, unlogged, job"
    )]
    Unknown {
        /// The name as given.
        name: String,
    },
    /// An entry is neither `name=rate` nor `name@count`.
    #[error(
        "cannot read the fault `{entry}`: expected name=rate with a rate from 0 to 1, name@count, seed=number, slow-ms=number, \
         refuse=PROPERTY:STATUS[:silent][:USER] with a status of 400, 403 or 409, fail=KEY:CODE, skip=KEY, unlogged=KEY, or \
         job=active, job=paused or job=quarantine"
    )]
    Entry {
        /// The entry as given.
        entry: String,
    },
    /// A lag is neither a count of requests nor a time.
    #[error("cannot read the lag `{text}`: expected a count of requests such as 3, or a time such as 2s or 500ms")]
    Lag {
        /// The lag as given.
        text: String,
    },
}

/// Which faults happen: by rate, drawn from a seed, or at the n-th occasion.
#[derive(Debug, Clone)]
pub struct Faults {
    /// The seed of chance, also for the order of batch answers and for lag.
    pub seed: u64,
    /// How often each fault happens, from 0 to 1.
    pub rates: BTreeMap<Fault, f64>,
    /// At which occasions each fault happens, the first being 1.
    pub occasions: BTreeMap<Fault, BTreeSet<u64>>,
    /// How long a slow answer takes.
    pub slow: Duration,
    /// Properties that are refused.
    pub refusals: Vec<Refusal>,
    /// What the provisioning job does with the records of these keys.
    pub records: BTreeMap<String, RecordFault>,
    /// The state of the provisioning job.
    pub job: JobState,
}

/// What a provisioning job does with a record in place of carrying it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordFault {
    /// It logs a failure with this error code.
    Fail(String),
    /// It logs that the record is not in its scope.
    Skip,
    /// It carries the record out and logs nothing.
    Unlogged,
}

/// A property that the tenant refuses to write, whatever its value: a permission that the app lacks, or a rule of the tenant.
///
/// Property is one of a user (in a create or an update), `passwordProfile`, or the id of a licence that cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The property that is refused.
    pub property: String,
    /// 400, 403 or 409.
    pub status: u16,
    /// Whether the answer names the property.
    pub named: bool,
    /// The only user for which it is refused, by id, userPrincipalName or employeeId; all without it.
    pub user: Option<String>,
}

impl Refusal {
    /// Reads `mobilePhone:403`, `mail:400:silent` or `mail:400:ada@contoso.com`.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':').map(str::trim).filter(|part| !part.is_empty()).peekable();
        let property = parts.next()?.to_owned();
        let status = parts.next()?.parse().ok().filter(|status| matches!(status, 400 | 403 | 409))?;
        let named = parts.next_if_eq(&"silent").is_none();
        let user = parts.next().map(str::to_owned);
        parts.next().is_none().then_some(Self { property, status, named, user })
    }

    fn problem(&self) -> Problem {
        let (code, text) = match self.status {
            403 => ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
            409 => ("Request_Conflict", "The request conflicts with the present state of the object."),
            _ => ("Request_BadRequest", "One or more properties contains invalid values."),
        };
        let problem = Problem::new(self.status, code, text);
        if self.named { problem.detail("InvalidValue", &self.property) } else { problem }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 1,
            rates: BTreeMap::new(),
            occasions: BTreeMap::new(),
            slow: Duration::from_secs(2),
            refusals: Vec::new(),
            records: BTreeMap::new(),
            job: JobState::default(),
        }
    }
}

impl Faults {
    /// Injects no fault at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a fault by rate.
    #[must_use]
    pub fn rate(mut self, fault: Fault, rate: f64) -> Self {
        self.rates.insert(fault, rate);
        self
    }

    /// Adds a fault at its n-th occasion.
    #[must_use]
    pub fn at(mut self, fault: Fault, occasion: u64) -> Self {
        self.occasions.entry(fault).or_default().insert(occasion);
        self
    }

    /// Adds a property that is refused, such as `mobilePhone:403` or `mail:400:silent:ada@contoso.com`.
    ///
    /// # Panics
    /// Where the text is no refusal: rehearsals are written by hand.
    #[must_use]
    pub fn refuse(mut self, text: &str) -> Self {
        self.refusals.push(Refusal::parse(text).expect("a refusal reads PROPERTY:STATUS[:silent][:USER]"));
        self
    }

    /// Reads a list such as `503=0.05,reset-after@7,seed=7,refuse=mobilePhone:403`.
    ///
    /// ```
    /// # use hrpush::sandbox::{Fault, Faults};
    /// let faults = Faults::parse("503=0.05,reset-after@7,seed=7").unwrap();
    /// assert_eq!(faults.seed, 7);
    /// assert!(faults.rates.contains_key(&Fault::Status(503)));
    /// assert!(Faults::parse("flood=1").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, FaultsError> {
        let mut faults = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let refuse = || FaultsError::Entry { entry: entry.to_owned() };
            if let Some(refusal) = entry.strip_prefix("refuse=") {
                faults.refusals.push(Refusal::parse(refusal).ok_or_else(refuse)?);
                continue;
            }
            if let Some((name, count)) = entry.split_once('@') {
                faults = faults.at(name.parse()?, count.parse().map_err(|_| refuse())?);
                continue;
            }
            let (name, value) = entry.split_once('=').ok_or_else(refuse)?;
            match name {
                "fail" => {
                    let (key, code) = value.split_once(':').ok_or_else(refuse)?;
                    faults.records.insert(key.to_owned(), RecordFault::Fail(code.to_owned()));
                }
                "skip" => _ = faults.records.insert(value.to_owned(), RecordFault::Skip),
                "unlogged" => _ = faults.records.insert(value.to_owned(), RecordFault::Unlogged),
                "job" => faults.job = value.parse().map_err(|_| refuse())?,
                "seed" => faults.seed = value.parse().map_err(|_| refuse())?,
                "slow-ms" => faults.slow = Duration::from_millis(value.parse().map_err(|_| refuse())?),
                _ => {
                    let fault = name.parse()?;
                    let rate = value.parse().ok().filter(|rate| (0.0..=1.0).contains(rate)).ok_or_else(refuse)?;
                    faults = faults.rate(fault, rate);
                }
            }
        }
        Ok(faults)
    }
}

impl FromStr for Faults {
    type Err = FaultsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The replica lag: how long a new object is not found and delta does not return a change.
#[derive(Debug, Clone, Copy)]
pub enum Lag {
    /// Until so many more requests were answered.
    Requests(u64),
    /// For a time, by every second replica.
    For(Duration),
}

impl FromStr for Lag {
    type Err = FaultsError;

    /// Reads `3` as requests, `2s` and `500ms` as a time.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || FaultsError::Lag { text: text.to_owned() };
        let number = |digits: &str| digits.trim().parse::<u64>().map_err(|_| refuse());
        if let Some(digits) = text.strip_suffix("ms") {
            return Ok(Self::For(Duration::from_millis(number(digits)?)));
        }
        if let Some(digits) = text.strip_suffix('s') {
            return Ok(Self::For(Duration::from_secs(number(digits)?)));
        }
        Ok(Self::Requests(number(text)?))
    }
}

/// Decides on each occasion which fault happens.
pub(super) struct FaultInjector {
    faults: Faults,
    seen: BTreeMap<Fault, u64>,
    pub(super) chance: Chance,
}

impl FaultInjector {
    pub(super) fn new(faults: Faults) -> Self {
        Self { chance: Chance::new(faults.seed), seen: BTreeMap::new(), faults }
    }

    /// Whether the fault happens on this occasion.
    pub(super) fn next_fault(&mut self, fault: Fault) -> bool {
        let seen = self.seen.entry(fault).or_default();
        *seen += 1;
        let due = self.faults.occasions.get(&fault).is_some_and(|at| at.contains(seen));
        let rate = self.faults.rates.get(&fault).copied().unwrap_or(0.0);
        due || (rate > 0.0 && self.chance.hit(rate))
    }

    /// The status fault of this occasion, if there is one.
    pub(super) fn status(&mut self, statuses: &[u16]) -> Option<u16> {
        statuses.iter().copied().find(|status| self.next_fault(Fault::Status(*status)))
    }

    /// The refusal of one of these properties, of somebody with these names.
    pub(super) fn refusal<'p>(&self, mut properties: impl Iterator<Item = &'p str>, names: &[&str]) -> Result<(), Problem> {
        if self.faults.refusals.is_empty() {
            return Ok(());
        }
        let hit = properties.find_map(|property| {
            let of = |refusal: &&Refusal| {
                let user = refusal.user.as_deref();
                refusal.property == property && user.is_none_or(|user| names.iter().any(|name| name.eq_ignore_ascii_case(user)))
            };
            self.faults.refusals.iter().find(of)
        });
        hit.map_or(Ok(()), |refusal| Err(refusal.problem()))
    }

    /// The state of the provisioning job.
    pub(super) fn job(&self) -> JobState {
        self.faults.job
    }

    /// What the provisioning job does with the record of this key in place of carrying it out.
    pub(super) fn record(&self, key: &str) -> Option<&RecordFault> {
        self.faults.records.get(key)
    }

    pub(super) fn slow(&self) -> Duration {
        self.faults.slow
    }
}
