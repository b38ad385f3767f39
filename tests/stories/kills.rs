//! Whoever kills hrpush, wherever: the next run ends where an undisturbed one would have.

use hrpush::sandbox::{Fault, Faults, Options, Quota};

use crate::office::{Office, a_month_later, everybody, fly};

const PEOPLE: usize = 40;

fn calm() -> Options {
    Options { quota: Quota::off(), ..Options::default() }
}

/// An office whose first month has passed in calm, and how many writes the second one takes.
async fn office() -> Office {
    let office = Office::open(calm()).await;
    office.run(&everybody(PEOPLE)).await.unwrap();
    office
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

#[test]
fn killed_at_any_write_the_next_run_ends_where_it_would_have_ended() {
    fly(async {
        let undisturbed = office().await;
        let rows = a_month_later(PEOPLE);
        let before = undisturbed.tenant.requests().writes;
        undisturbed.run(&rows).await.unwrap();
        let writes = undisturbed.tenant.requests().writes - before;
        let wanted = undisturbed.people();
        assert!(writes > 30, "{writes}");
        for at in 1..=writes {
            let office = office().await;
            let fault = if at == 1 { Fault::HaltBefore } else { Fault::HaltAfter };
            killed(&office, &rows, Faults::none().at(fault, at)).await;
            office.settle(&rows).await;
            assert_eq!(office.people(), wanted, "killed at write {at}");
        }
    });
}

#[test]
fn killed_at_every_write_of_one_import_it_still_arrives() {
    fly(async {
        let office = Office::open(calm()).await;
        let rows = everybody(60);
        // Each run gets one write further than what is lost with it.
        for kill in 0..12 {
            let fault = if kill % 2 == 0 { Fault::HaltAfter } else { Fault::HaltBefore };
            killed(&office, &rows, Faults::none().at(fault, 1 + kill % 3)).await;
        }
        office.settle(&rows).await;
        let undisturbed = Office::open(calm()).await;
        undisturbed.run(&rows).await.unwrap();
        assert_eq!(office.people(), undisturbed.people());
    });
}
