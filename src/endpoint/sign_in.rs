//! Which sender a request is from: a right token is never delayed, wrong ones are slowed down by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Mutex;

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::{SignedDuration, Timestamp};

use super::answer::Refusal;
use crate::record::lock;

/// The wrong tokens of one address that are answered in a minute. Further ones get 429.
const WRONG_A_MINUTE: NonZeroU32 = NonZeroU32::new(20).expect("20 is not 0");
/// The addresses after which those that have fallen silent are forgotten.
const ADDRESSES: usize = 10_000;
/// How exactly the last use of a token is kept.
const USE_GRAIN: SignedDuration = SignedDuration::from_secs(60);

/// The wrong tokens of each address, and the last use of each token.
pub(super) struct SignIn {
    wrong: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    used: Mutex<HashMap<String, Timestamp>>,
}

impl SignIn {
    pub(super) fn new() -> Self {
        Self { wrong: RateLimiter::hashmap(Quota::per_minute(WRONG_A_MINUTE)), used: Mutex::default() }
    }

    /// The refusal of a wrong or missing token.
    pub(super) fn refuse(&self, address: IpAddr) -> Refusal {
        if self.is_too_wrong(address) {
            Refusal::status(429, "too many wrong tokens came from this address: wait a minute")
        } else {
            Refusal::status(401, "the token is missing, wrong, expired or revoked: hrpush serve token new makes one")
        }
    }

    /// Counts a wrong token or client, and returns whether its address had too many within a minute.
    pub(super) fn is_too_wrong(&self, address: IpAddr) -> bool {
        if self.wrong.len() > ADDRESSES {
            self.wrong.retain_recent();
        }
        self.wrong.check_key(&network_of(address)).is_err()
    }

    /// Whether a use of the token is to be stored.
    pub(super) fn is_news(&self, token: &str, now: Timestamp) -> bool {
        let mut used = lock(&self.used);
        let is_news = used.get(token).is_none_or(|last| now - USE_GRAIN > *last);
        if is_news {
            used.insert(token.to_owned(), now);
        }
        is_news
    }
}

/// One sender has a whole /64 of IPv6.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(refusal: &Refusal) -> u16 {
        match refusal {
            Refusal::Scim(error) => error.status,
            Refusal::Store(_) => 0,
        }
    }

    #[test]
    fn the_twenty_first_wrong_token_of_an_address_is_slowed_down() {
        let sign_in = SignIn::new();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for _ in 0..20 {
            assert_eq!(status(&sign_in.refuse(address("2001:db8::1"))), 401);
        }
        assert_eq!(status(&sign_in.refuse(address("2001:db8::2"))), 429);
        assert_eq!(status(&sign_in.refuse(address("192.0.2.1"))), 401);
    }
}
