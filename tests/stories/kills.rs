//! hrpush is killed at any moment: the next run ends where an undisturbed one would have.

use hrpush::sandbox::{Fault, Faults, Lag, Options, Quota};

use crate::office::{Office, Template, a_month_later, everybody, fly};

const PEOPLE: usize = 84;

fn calm() -> Options {
    Options { quota: Quota::off(), ..Options::default() }
}

/// Drops the run at the moment in which the tenant falls silent: nothing that was on its way comes back.
async fn killed(office: &Office, rows: &str, faults: Faults) {
    office.tenant.trouble(faults);
    let silent = async {
        while !office.tenant.is_halted() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = silent => {}
        ended = office.run(rows) => panic!("the run was to be killed, and ended: {ended:?}"),
    }
}

/// Kills a run of a hundred changes at each of these writes: all joiners, leavers and moves of a month in which every person
/// moves.
fn killed_at(writes_of: impl Fn(u64) -> std::ops::RangeInclusive<u64>) {
    fly(async {
        let template = Template::after(&everybody(PEOPLE), calm()).await;
        let rows = a_month_later(PEOPLE).replace("Claims", "Audit");
        let undisturbed = template.open(calm()).await;
        let applied = undisturbed.run(&rows).await.unwrap().applied;
        let writes = undisturbed.tenant.requests().writes;
        let wanted = undisturbed.people();
        assert!(applied > 100 && writes > applied, "{applied} changes by {writes} writes");
        for at in writes_of(writes) {
            let office = template.open(calm()).await;
            let fault = if at == 1 { Fault::HaltBefore } else { Fault::HaltAfter };
            killed(&office, &rows, Faults::none().at(fault, at)).await;
            office.settle(&rows).await;
            assert_eq!(office.people(), wanted, "killed at write {at}");
        }
    });
}

#[test]
fn killed_at_any_write_of_the_first_half_the_next_run_ends_where_it_would_have_ended() {
    killed_at(|writes| 1..=writes / 2);
}

#[test]
fn killed_at_any_write_of_the_second_half_the_next_run_ends_where_it_would_have_ended() {
    killed_at(|writes| writes / 2 + 1..=writes);
}

#[test]
fn killed_at_every_write_of_one_import_it_still_arrives() {
    fly(async {
        let rows = everybody(60);
        let undisturbed = Office::open(calm()).await;
        undisturbed.run(&rows).await.unwrap();
        for lag in [None, Some(Lag::Requests(15)), Some(Lag::Requests(40))] {
            let office = Office::open(Options { lag, ..calm() }).await;
            // Each run gets one write further than what is lost with it.
            for kill in 0..12 {
                let fault = if kill % 2 == 0 { Fault::HaltAfter } else { Fault::HaltBefore };
                killed(&office, &rows, Faults::none().at(fault, 1 + kill % 3)).await;
            }
            office.settle(&rows).await;
            assert_eq!(office.people(), undisturbed.people(), "{lag:?}");
        }
    });
}
