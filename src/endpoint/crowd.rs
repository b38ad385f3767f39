//! The connections of each address: one address cannot take the places of all others, and silent ones cannot keep a sender out.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::record::lock;

/// The most connections of one address. A sender has a few dozen.
const MOST: usize = 200;

/// The connections of each address, and those without a right token so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd(Arc<Mutex<Rows>>);

#[derive(Debug, Default)]
struct Rows {
    next: u64,
    counts: HashMap<IpAddr, usize>,
    /// The connections without a right token so far, the oldest first.
    strangers: BTreeMap<u64, Arc<Notify>>,
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Crowd,
    address: IpAddr,
    number: u64,
    leave: Arc<Notify>,
}

/// How many connections an address may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quota {
    Limited,
    /// A proxy has the connections of all its clients.
    Proxy,
}

impl Crowd {
    /// A place for one more connection of an address, where it has one left.
    pub(super) fn enter(&self, address: IpAddr, quota: Quota) -> Option<Place> {
        let mut rows = lock(&self.0);
        let count = rows.counts.entry(address).or_default();
        if *count >= MOST && quota == Quota::Limited {
            return None;
        }
        *count += 1;
        let (number, leave) = (rows.next, Arc::new(Notify::new()));
        rows.next += 1;
        rows.strangers.insert(number, Arc::clone(&leave));
        Some(Place { crowd: self.clone(), address, number, leave })
    }

    /// Asks the oldest connection that has shown no right token to leave.
    pub(super) fn make_room(&self) {
        if let Some((_, leave)) = lock(&self.0).strangers.pop_first() {
            leave.notify_one();
        }
    }
}

impl Place {
    /// Ends when the connection has to make room for another one.
    pub(super) async fn left(&self) {
        self.leave.notified().await;
    }

    /// The connection has shown a right token: it stays.
    pub(super) fn belongs(&self) {
        lock(&self.crowd.0).strangers.remove(&self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut rows = lock(&self.crowd.0);
        rows.strangers.remove(&self.number);
        if let Some(count) = rows.counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                rows.counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let crowd = Crowd::default();
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let places: Vec<Place> = (0..MOST).map(|_| crowd.enter(one, Quota::Limited).unwrap()).collect();
        assert!(crowd.enter(one, Quota::Limited).is_none() && crowd.enter(other, Quota::Limited).is_some());
        assert!(crowd.enter(one, Quota::Proxy).is_some());
        drop(places);
        assert!(crowd.enter(one, Quota::Limited).is_some());
        assert!(lock(&crowd.0).counts.is_empty(), "addresses without a connection are forgotten");
        assert!(lock(&crowd.0).strangers.is_empty());
    }

    #[tokio::test]
    async fn the_oldest_connection_without_a_right_token_makes_room() {
        let crowd = Crowd::default();
        let enter = || crowd.enter("192.0.2.1".parse().unwrap(), Quota::Limited).unwrap();
        let (sender, oldest, youngest) = (enter(), enter(), enter());
        sender.belongs();
        crowd.make_room();
        tokio::select! {
            biased;
            () = sender.left() => panic!("a sender with a right token stays"),
            () = youngest.left() => panic!("an older connection goes first"),
            () = oldest.left() => {}
        }
        drop(oldest);
        crowd.make_room();
        youngest.left().await;
        crowd.make_room();
    }
}
