//! Whatever the service and the network do, the tenant ends as if they had done nothing.

use std::time::Duration;

use hrpush::sandbox::{Fault, Faults, Lag, Options, Quota, QuotaKind};

use crate::office::{Office, a_month_later, everybody, fly};

/// What may go wrong, each with a rate at which it is felt.
const FAULTS: &[(Fault, f64)] = &[
    (Fault::Status(429), 0.2),
    (Fault::Status(500), 0.2),
    (Fault::Status(502), 0.2),
    (Fault::Status(503), 0.2),
    (Fault::Status(504), 0.2),
    (Fault::Slow, 0.3),
    (Fault::Truncate, 0.2),
    (Fault::ResetBefore, 0.2),
    (Fault::ResetAfter, 0.2),
    (Fault::HalfBatch, 0.5),
    (Fault::DuplicatePage, 0.5),
    (Fault::ExpiredDelta, 0.5),
    (Fault::ForeignLink, 0.5),
];

/// The first month and the second one, run after run as cron would do it, until both have gone through; then in calm.
async fn weather(office: &Office, people: usize, faults: &Faults) {
    for (month, rows) in [everybody(people), a_month_later(people)].iter().enumerate() {
        for night in 0..8 {
            let seed = faults.seed + 100 * (month as u64) + night;
            office.tenant.trouble(Faults { seed, ..faults.clone() });
            if office.run(rows).await.is_ok_and(|outcome| outcome.failed.is_empty()) {
                break;
            }
        }
        office.settle(rows).await;
    }
}

async fn undisturbed(people: usize) -> Office {
    let office = Office::open(Options { quota: Quota::off(), ..Options::default() }).await;
    weather(&office, people, &Faults::none()).await;
    office
}

#[test]
fn each_fault_alone_changes_nothing_in_the_end() {
    fly(async {
        let wanted = undisturbed(40).await.people();
        for (fault, rate) in FAULTS {
            let office = Office::open(Options { quota: Quota::off(), ..Options::default() }).await;
            weather(&office, 40, &Faults::none().rate(*fault, *rate)).await;
            assert_eq!(office.people(), wanted, "{fault:?}");
        }
    });
}

#[test]
fn only_who_was_made_since_then_in_this_tenant_is_looked_up() {
    fly(async {
        let office = Office::open(Options { quota: Quota::off(), ..Options::default() }).await;
        let (tenant, began) = (office.tenant.tenant_id(), jiff::Timestamp::now());
        office.run(&everybody(20)).await.unwrap();
        let first = office.made_since(&tenant, began);
        let later = jiff::Timestamp::now();
        office.run(&a_month_later(20)).await.unwrap();
        let all = office.made_since(&tenant, began);
        assert_eq!((first.len(), all.len(), office.made_since(&tenant, later).len()), (20, 25, 5));
        assert!(first.iter().all(|made| all.get(made.0) == Some(made.1)), "whoever is only changed is not made");
        assert!(office.made_since("another tenant", began).is_empty());
        assert!(office.made_since(&tenant, jiff::Timestamp::now()).is_empty());
    });
}

#[test]
fn replicas_that_lag_change_nothing_in_the_end() {
    fly(async {
        let wanted = undisturbed(40).await.people();
        for lag in [Lag::Requests(5), Lag::Requests(25)] {
            let office = Office::open(Options { quota: Quota::off(), lag: Some(lag), ..Options::default() }).await;
            weather(&office, 40, &Faults::none()).await;
            assert_eq!(office.people(), wanted, "{lag:?}");
        }
    });
}

#[test]
fn a_storm_of_all_faults_over_a_thousand_people_changes_nothing_in_the_end() {
    fly(async {
        let wanted = undisturbed(1_000).await.people();
        let mut storm = Faults { seed: 7, slow: Duration::from_secs(5), ..Faults::none() };
        for (fault, rate) in FAULTS {
            storm = storm.rate(*fault, rate / 9.0);
        }
        let office = Office::open(Options { quota: Quota::off(), lag: Some(Lag::Requests(5)), ..Options::default() }).await;
        weather(&office, 1_000, &storm).await;
        assert_eq!(office.people(), wanted);
    });
}

#[test]
fn a_tenant_that_counts_by_window_stops_a_run_once_and_loses_nothing() {
    fly(async {
        let rows = everybody(450);
        let wanted = Office::open(Options { quota: Quota::off(), ..Options::default() }).await;
        wanted.run(&rows).await.unwrap();
        // A fiftieth of the quota: sixty writes at once, then four in ten seconds. The run takes ten windows.
        let share = 0.02;
        let quota = Quota { kind: QuotaKind::Window, writes: 3_000.0 * share, refill: 20.0 * share, ..Quota::default() };
        let mut office = Office::open(Options { quota, ..Options::default() }).await;
        office.pace = (share, 1.0);
        let outcome = office.run(&rows).await.unwrap();
        let counts = office.tenant.requests();
        assert_eq!((outcome.failed, outcome.applied, counts.stops), (Vec::new(), 450, 1), "{} answers of 429", counts.throttled);
        assert_eq!(office.people(), wanted.people());
    });
}
