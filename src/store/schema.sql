create table meta (name text primary key, value text not null) strict;

-- Texts that many rows share, each once: tenants, feeds, and lists of attribute names.
create table names (number integer primary key, name text not null unique) strict;

-- One row for each run, however it ended. A run that never came to a plan has none; a pruned one has lost it.
create table runs (
    number      integer primary key,
    run         text not null unique,
    tenant      text,
    feed        text,
    source      text,
    command     text,
    dry_run     integer not null default 0,
    whole       integer not null default 1,
    started_at  text not null,
    finished_at text,
    ended       text,
    exit_code   integer,
    reason      text,
    reason_code text,
    duration_ms integer,
    host        text,
    user        text,
    fingerprint text,
    counted     text,
    summary     text,
    changes     integer not null default 0,
    applied     integer not null default 0,
    failed      integer not null default 0,
    approved_by text,
    pruned_at   text,
    sealed_at   integer,
    body        blob,
    link        blob,
    -- The long ones come last: what is before them is read without them.
    plan        blob,
    aside       blob,
    outcome     blob
) strict;
create index runs_without_link on runs (number) where link is null;
create index runs_without_end on runs (number) where ended is null;

create table changes (
    run    integer not null references runs (number),
    seq    integer not null,
    key    text not null,
    object integer not null,
    done   integer not null default 0,
    primary key (run, seq)
) strict, without rowid;
create index changes_of_a_person on changes (key);

-- Ids are the 16 bytes of a UUID, else text. Moments are microseconds since 1970; an answer has those since its request was sent.
-- Key, sign-in name and match value are null where the plan's change has the same.
create table requests (
    run         integer not null references runs (number),
    request     integer not null,
    seq         integer not null,
    kind        integer not null,
    key         text,
    object      any,
    upn         text,
    matching    integer references names (number),
    value       text,
    attributes  integer references names (number),
    enabled     integer,
    leave       integer,
    sent_at     integer not null,
    answered    integer,
    done        integer,
    id          any,
    status      integer,
    code        text,
    message     text,
    request_id  any,
    primary key (run, request)
) strict, without rowid;
create index requests_without_answer on requests (run) where answered is null;

-- What a nightly run looks at for everybody stays small; what it needs for few people has tables of its own.
create table people (
    tenant        integer not null references names (number),
    key           text not null,
    id            any not null,
    feed          integer not null references names (number),
    wishes        blob,
    addresses     blob,
    seen          integer not null default 0,
    written       integer not null default 0,
    pre_hire      integer not null default 0,
    leave_done    integer not null default 0,
    disabled_on   text,
    deleted_on    text,
    missing_since text,
    -- The managed groups of a deleted account, as a JSON list of ids: a restore makes the account a member of them again.
    former_groups text,
    primary key (tenant, key)
) strict, without rowid;
create index people_with_a_state on people (tenant, key)
    where disabled_on is not null or pre_hire or leave_done or deleted_on is not null;
create table wanted (
    tenant     integer not null,
    key        text not null,
    attributes integer not null references names (number),
    wishes     text not null,
    primary key (tenant, key)
) strict, without rowid;
create table live_addresses (
    tenant    integer not null,
    key       text not null,
    addresses text not null,
    primary key (tenant, key)
) strict, without rowid;

create table addresses (
    tenant  text not null,
    address text not null,
    key     text not null,
    until   text not null,
    primary key (tenant, address, key)
) strict, without rowid;

create table readings (
    tenant  text not null,
    feed    text not null,
    reading text not null,
    read_at text,
    primary key (tenant, feed)
) strict;
create table refused (tenant text not null, attribute text not null, day text not null, primary key (tenant, attribute)) strict;
create table accepted (tenant text not null, attribute text not null, primary key (tenant, attribute)) strict;
create table cache (tenant text not null, name text not null, value blob not null, primary key (tenant, name)) strict;

create table staged (
    tenant      text not null,
    fingerprint text not null,
    feed        text not null,
    reading     text,
    aside       text not null,
    made_at     text not null,
    guards      text not null default '[]',
    primary key (tenant, fingerprint)
) strict;
create table staged_people (
    tenant      text not null,
    fingerprint text not null,
    key         text not null,
    id          text,
    wanted      text not null,
    primary key (tenant, fingerprint, key)
) strict, without rowid;

create table decisions (
    decision     integer primary key,
    tenant       text not null,
    key          text not null,
    verdict      text not null,
    account      text,
    given_name   text not null,
    surname      text not null,
    note         text,
    user         text not null,
    host         text not null,
    decided_at   text not null,
    forgotten_at text,
    forgotten_by text
) strict;
create index decisions_of_a_person on decisions (tenant, key) where forgotten_at is null;

-- A yes or no that was given before the run that it is for.
create table approvals (
    approval    integer primary key,
    tenant      text not null,
    feed        text not null,
    decision    text not null,
    fingerprint text not null,
    reading     text,
    guards      text not null,
    covered     blob not null,
    left_out    text not null,
    note        text,
    user        text not null,
    host        text not null,
    principal   text,
    given_at    text not null,
    expires_at  text not null,
    nonce       text unique,
    signature   text,
    used_by     text,
    used_at     text,
    withdrawn_at text
) strict;
create index approvals_not_used on approvals (tenant, feed) where used_by is null;

-- The last message about a feed and an event: the same people again are no news for a week. Without a feed the text is empty.
create table messages (
    tenant  text not null,
    feed    text not null,
    event   text not null,
    digest  text not null,
    sent_at text not null,
    primary key (tenant, feed, event)
) strict, without rowid;
-- Messages that a channel did not take: the next run tries them once more.
create table outbox (
    number  integer primary key,
    channel text not null,
    message text not null
) strict;

-- What the metrics of a feed count over all runs, and the guards of the last one.
create table feed_metrics (
    feed      text primary key,
    run       text not null,
    writes    integer not null default 0,
    throttled integer not null default 0,
    guards    text not null
) strict, without rowid;
-- Plans that were shown and not carried out: what an approval or a rejection names. HR's records are reduced to digests.
create table proposals (
    tenant      text not null,
    fingerprint text not null,
    feed        text not null,
    run         text,
    plan        blob not null,
    records     text not null,
    made_at     text not null,
    primary key (tenant, fingerprint)
) strict;

-- One row for each rejected change of a person, or membership. A row is forgotten, never erased.
create table rejections (
    rejection    integer primary key,
    tenant       text not null,
    key          text not null,
    change       text not null,
    record       text,
    fingerprint  text not null,
    note         text,
    user         text not null,
    host         text not null,
    principal    text,
    rejected_at  text not null,
    forgotten_at text,
    forgotten_by text
) strict;
create index rejections_in_force on rejections (tenant, key) where forgotten_at is null;
