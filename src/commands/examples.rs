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
  hrpush plan employees.csv --only 10042 --only 10043   the plan for two people
  hrpush plan --full --no-pager                         every change of a long plan
  hrpush plan --summary                                 the counts and the guards alone";

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

pub(super) const APPROVE: &str = "Examples:
  hrpush approve last --note 'as agreed with HR'        the plan that stopped the last run
  hrpush approve 6d3f0a91c2e4 --except 10042            12 digits are enough; leave one person out
  hrpush approve last --sign ~/.ssh/id_ed25519          sign it, where [approval] asks for signatures
  hrpush approve --plan plan.json --sign ~/.ssh/id_ed25519 -o yes.txt
                                                        sign a plan on another machine
  hrpush approve --accept yes.txt                       take it into the state folder, with yes.txt.sig

The next run uses the approval: it covers these changes, and the guards judge all others. It covers a guard on the reading (source, feed,
held, missing) for the same reading alone.
Exit codes: 0 recorded or written, 2 refused, 1 the state folder cannot be used.";

pub(super) const REJECT: &str = "Examples:
  hrpush reject last --note 'HR sent last week's file'
  hrpush reject 6d3f0a91c2e4 --note 'these people have not left'
  hrpush decide 10042 --forget                          end the rejection of one person

A leaver whose disabling was rejected stays in every report, and each run ends with 4.";

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
  hrpush status --notify -q                             in a timer: send `late` where no good run came

It reads the state folder alone and needs no network, except for --notify.
Exit codes: 0 all well, 4 something needs attention, 1 a feed had no good run within --max-age, 2 the configuration has a fault.";

pub(super) const FORECAST: &str = "Examples:
  hrpush forecast                                       the next eight weeks, by the configured source
  hrpush forecast employees.csv --weeks 2               from a file
  hrpush forecast --format csv > forecast.csv           for a spreadsheet
  hrpush forecast --format json                         for a program

The source is read once and nothing is written. Each day is planned by the rules of `hrpush plan --as-of DAY`.
The first day has what a run would do today. The exit codes are those of a dry run today.";

pub(super) const NOTIFY: &str = "Examples:
  hrpush notify test                                    send a test message to every receiver";

pub(super) const NOTIFY_TEST: &str = "Examples:
  hrpush notify test                                    one line for each receiver: ok or fail
  hrpush notify test --format json                      for a program

The heartbeat is not called: a monitor would take the test for a good run.
Exit codes: 0 every receiver took the message, 1 one did not, 2 the configuration has a fault or no [notify].";

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

pub(super) const SERVE: &str = "Examples:
  hrpush serve token new --feed HR                      a token for the sender
  hrpush serve                                          listen on 127.0.0.1:8443
  hrpush serve --listen 127.0.0.1:0 --port-file port    listen on any free port
  hrpush sync                                           later: bring what was pushed into the tenant";

pub(super) const SERVE_TOKEN: &str = "Examples:
  hrpush serve token new --feed HR --expires 180d
  hrpush serve token list
  hrpush serve token revoke tk-5f0c12ab";

pub(super) const SERVE_TOKEN_NEW: &str = "Examples:
  hrpush serve token new --feed HR                      until it is revoked
  hrpush serve token new --feed HR --expires 180d       for half a year
  hrpush serve token new --feed HR --oauth              a client id and a secret instead";

pub(super) const SERVE_TOKEN_LIST: &str = "Examples:
  hrpush serve token list
  hrpush serve token list --format json                 for a program";

pub(super) const SERVE_TOKEN_REVOKE: &str = "Examples:
  hrpush serve token revoke tk-5f0c12ab                 requests with it are refused from now on";

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
