//! The examples below each `--help`.

pub(super) const IMPORT: &str = "Examples:
  hrpush import employees.csv --dry-run                 show the plan, write nothing
  hrpush import employees.csv                           show the plan, ask, apply it
  hrpush import employees.csv --yes                     apply it without a question
  hrpush import new-hires.csv --partial --yes           a partial export, without leavers
  hrpush import employees.csv --approve sha256:6d3f…    let this plan pass its guards, once";

pub(super) const SYNC: &str = "Examples:
  hrpush sync                                           what cron runs
  hrpush sync --config /etc/hrpush/hrpush.toml --log-file /var/log/hrpush.log
  hrpush sync --dry-run --detailed-exitcode             exit code 5 if changes are pending
  hrpush sync --approve sha256:6d3f…                    let this plan pass its guards, once";

pub(super) const PLAN: &str = "Examples:
  hrpush plan employees.csv --out plan.json             compute the plan and save it
  hrpush plan --out plan.json --html plan.html          the configured source, with a page
  hrpush plan employees.csv --as-of 2027-01-01          the plan for another day
  hrpush plan employees.csv --only 10042 --only 10043   the plan for two people";

pub(super) const APPLY: &str = "Examples:
  hrpush apply plan.json --dry-run                      show what is left of the plan
  hrpush apply plan.json --yes                          apply it without a question
  hrpush apply plan.json --approve sha256:6d3f…         let it pass its guards, once";

pub(super) const UNDO: &str = "Examples:
  hrpush runs                                           find the run
  hrpush undo 20261130-1 --dry-run                      show what would be reversed
  hrpush undo 20261130-1                                reverse it, once confirmed";

pub(super) const EXPLAIN: &str = "Examples:
  hrpush explain 10042                                  from the configured source
  hrpush explain 10042 employees.csv                    from a file
  hrpush explain 10042 employees.csv --as-of 2027-01-01 on another day
  hrpush explain 10042 employees.csv --format json      for a program";

pub(super) const DECIDE: &str = "Examples:
  hrpush decide 10042 --same ann.lee@contoso.com --note 'asked HR'   the record and this account are one person
  hrpush decide 10042 --new                                          the record is another person
  hrpush decide 10042 --keep                                         a missing person stays as is
  hrpush decide 10042 --same 6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0 employees.csv
  hrpush decide 10042 --forget                                       end the decision
  hrpush decide --list                                               the decisions in force
  hrpush decide 10042 --list                                         all decisions ever made about one person

A decision is bound to the key, the account and both names of the record. It holds until one of them changes or the decision is forgotten.
Nothing is written to the tenant: the next run uses the decision, and the guards count the changes that follow from it.";

pub(super) const RUNS: &str = "Examples:
  hrpush runs                                           the last 20 runs, newest first
  hrpush runs --since 7d --ended stopped                the runs that a guard stopped this week
  hrpush runs show last                                 the last run with its plan and its requests
  hrpush runs --format json                             all runs, for a program";

pub(super) const RUNS_PRUNE: &str = "Examples:
  hrpush runs prune                                     by `keep` in [journal]; every run does it too
  hrpush runs prune --keep 90d                          keep the values of 90 days

The ledger is not touched. A run with an unanswered request is kept whole.";

pub(super) const RUNS_VERIFY: &str = "Examples:
  hrpush runs verify                                    prints the head of the chain: keep a copy of it elsewhere
  hrpush runs verify --format json                      for a program";

pub(super) const RUNS_EXPORT: &str = "Examples:
  hrpush runs export --since 2026-01-01 > runs.jsonl    for an auditor
  hrpush runs export --since 2026-11-30                 for a SIEM";

pub(super) const STATUS: &str = "Examples:
  hrpush status                                         what a monitor asks
  hrpush status --max-age 3d --format json              for feeds that run twice a week

It reads the state folder alone and needs no network.
Exit codes: 0 all well, 4 something needs attention, 1 a feed had no good run within --max-age, 2 the configuration has a fault.";

pub(super) const RUNS_SHOW: &str = "Examples:
  hrpush runs show last
  hrpush runs show 2026113                              the first characters are enough";

pub(super) const MAPPING: &str = "Examples:
  hrpush mapping check hr.toml --against employees.csv
  hrpush mapping eval 'Join(\" \", [First], [Last])' --record '{\"First\":\"Ann\",\"Last\":\"Lee\"}'
  hrpush mapping test hr.toml
  hrpush mapping functions";

pub(super) const MAPPING_CHECK: &str = "Examples:
  hrpush mapping check hr.toml                          every fault of the mapping
  hrpush mapping check hr.toml --against employees.csv  with its effect on the records";

pub(super) const MAPPING_TEST: &str = "Examples:
  hrpush mapping test hr.toml                           run the cases in hr.toml.tests.toml
  hrpush mapping test hr.toml --update                  accept the present results";

pub(super) const MAPPING_CONVERT: &str = "Examples:
  hrpush mapping convert schema.json -o hr.toml
  hrpush mapping convert schema.json --object-mapping 'Provision Workers' -o hr.toml";

pub(super) const MAPPING_EVAL: &str = "Examples:
  hrpush mapping eval 'ToUpper([Name])' --record '{\"Name\":\"Ann\"}'
  hrpush mapping eval 'SelectUniqueValue(\"ann\", \"ann.lee\")' --taken ann
  hrpush mapping eval 'DateAdd(\"d\", 7, Now())' --now 2026-11-20T08:00:00Z";

pub(super) const MAPPING_FUNCTIONS: &str = "Examples:
  hrpush mapping functions                              all functions
  hrpush mapping functions SelectUniqueValue            one function with its examples";

pub(super) const DOCTOR: &str = "Examples:
  hrpush doctor                                         the configured tenant
  hrpush doctor --config /etc/hrpush/hrpush.toml --format json
  hrpush doctor --grant az                              the commands that register the app

Exit codes: 0 all checks ok, 4 warnings, 1 a check failed, 2 the configuration has a fault.";

pub(super) const SANDBOX: &str = "Examples:
  hrpush sandbox --listen 127.0.0.1:8080                an empty tenant in memory
  hrpush sandbox --db tenant.db --seed seed.json        a tenant that is kept in a file
  hrpush sandbox --faults 503=0.05,reset-after@7        with faults, for a rehearsal
  hrpush sandbox --roles User.Read.All,Group.Read.All   an app that may only read
  hrpush sandbox --lenient hire-date                    where apps may change employeeHireDate";

pub(super) const RECORDS: &str = "Examples:
  hrpush records employees.csv                          the first 20 records as a table
  hrpush records --limit 0                              all records of the configured source
  hrpush records employees.xlsx --format json           for a program";

pub(super) const QUALITY: &str = "Examples:
  hrpush quality employees.csv                          what HR should correct, as text
  hrpush quality employees.csv --csv corrections.csv    the same for a spreadsheet
  hrpush quality --format json                          the configured source, for a program";

pub(super) const INIT: &str = "Examples:
  hrpush init employees.csv                             guess a mapping from the header
  hrpush init employees.csv --key PersonnelNo           name the column of the key
  hrpush init --preset bamboohr                         start from a known HR system";

pub(super) const PRESETS: &str = "Examples:
  hrpush presets                                        the known HR systems
  hrpush init --preset bamboohr                         start from one of them";

pub(super) const COMPLETIONS: &str = "Examples:
  hrpush completions bash > /etc/bash_completion.d/hrpush
  hrpush completions zsh > ~/.zfunc/_hrpush
  hrpush completions powershell >> $PROFILE";

pub(super) const MAN: &str = "Examples:
  hrpush man > hrpush.1                                 the whole manual as one page
  hrpush man | man -l -                                 read it
  hrpush man --to /usr/local/share/man/man1             a page for each subcommand";
