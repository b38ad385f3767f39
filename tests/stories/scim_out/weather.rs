//! Kills, lost answers, waits and replicas that lag: the end state is that of an undisturbed run.

use super::office::Office;
use super::provider::{Fault, Manner};
use crate::office::{a_month_later, everybody, fly};

/// The people of the stories that kill a run at every write.
const FEW: usize = 14;

/// Drops the run at the moment in which the provider falls silent: nothing that was on its way comes back.
async fn killed(office: &Office, rows: &str, fault: Fault, at: u64) {
    office.provider.behave(Manner { at: Some((fault, at)), ..Manner::default() });
    let silent = async {
        while !office.provider.is_halted() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = silent => {}
        ended = office.run(rows) => panic!("the run was to be killed at write {at}, and ended: {ended:?}"),
    }
}

#[test]
fn killed_at_any_write_the_next_run_ends_where_it_would_have_ended() {
    fly(async {
        let calm = Manner::default();
        let (first, later) = (everybody(FEW), a_month_later(FEW));
        let undisturbed = Office::open().await;
        undisturbed.settle(&first, &calm).await;
        undisturbed.provider.behave(calm.clone());
        undisturbed.run(&later).await.unwrap();
        let (writes, wanted) = (undisturbed.provider.writes(), undisturbed.people());
        assert!(writes > 15, "{writes} writes");
        for at in 1..=writes {
            for fault in [Fault::HaltsBefore, Fault::HaltsAfter] {
                let office = Office::open().await;
                office.settle(&first, &calm).await;
                killed(&office, &later, fault, at).await;
                office.settle(&later, &calm).await;
                assert_eq!(office.people(), wanted, "killed at write {at}: {fault:?}");
            }
        }
    });
}

/// The first month and the second one, run after run as cron would do it, until both have gone through; then in calm.
async fn weather(office: &Office, people: usize, manner: &Manner) {
    for rows in [everybody(people), a_month_later(people)] {
        for night in 0..8 {
            office.provider.behave(Manner { seed: manner.seed + night, ..manner.clone() });
            if office.run(&rows).await.is_ok_and(|outcome| outcome.failed.is_empty()) {
                break;
            }
        }
        office.settle(&rows, &Manner { faults: Vec::new(), ..manner.clone() }).await;
    }
}

#[test]
fn each_fault_alone_changes_nothing_in_the_end() {
    fly(async {
        let undisturbed = Office::open().await;
        weather(&undisturbed, 30, &Manner::default()).await;
        let wanted = undisturbed.people();
        assert_eq!(wanted.len(), 37);
        for fault in
            [Fault::Throttled, Fault::Unavailable, Fault::FailsBefore, Fault::FailsAfter, Fault::BreaksBefore, Fault::BreaksAfter]
        {
            let office = Office::open().await;
            weather(&office, 30, &Manner { faults: vec![(fault, 0.15)], ..Manner::default() }).await;
            assert_eq!(office.people(), wanted, "{fault:?}");
        }
    });
}

#[test]
fn replicas_that_lag_and_a_storm_of_all_faults_change_nothing_in_the_end() {
    fly(async {
        let undisturbed = Office::open().await;
        weather(&undisturbed, 30, &Manner::default()).await;
        let wanted = undisturbed.people();
        for lag in [4, 20] {
            let office = Office::open().await;
            weather(&office, 30, &Manner { lag, ..Manner::default() }).await;
            assert_eq!(office.people(), wanted, "lag {lag}");
        }
        let faults = [Fault::Throttled, Fault::Unavailable, Fault::FailsAfter, Fault::BreaksBefore, Fault::BreaksAfter];
        let storm = Manner { faults: faults.map(|fault| (fault, 0.04)).to_vec(), lag: 4, seed: 7, ..Manner::default() };
        let office = Office::open().await;
        weather(&office, 30, &storm).await;
        assert_eq!(office.people(), wanted);
    });
}
