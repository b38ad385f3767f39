create table meta (name text primary key, value text not null) strict;

create table runs (
    run         text primary key,
    tenant      text not null,
    feed        text not null,
    source      text not null,
    started_at  text not null,
    finished_at text,
    fingerprint text not null,
    plan        text not null,
    ids         text not null,
    outcome     text,
    applied     integer not null default 0,
    failed      integer not null default 0,
    exit_code   integer
) strict;

create table changes (
    run    text not null references runs (run),
    seq    integer not null,
    key    text not null,
    object text not null,
    done   integer not null default 0,
    primary key (run, seq)
) strict, without rowid;
create index changes_of_a_person on changes (key);

create table requests (
    run        text not null references runs (run),
    request    integer not null,
    seq        integer not null,
    kind       text not null,
    key        text not null,
    object     text,
    upn        text,
    matching   text,
    value      text,
    attributes text not null,
    enabled    integer,
    leave      text,
    sent_at    text not null,
    done       integer,
    id         text,
    status     integer,
    code       text,
    message    text,
    request_id text,
    answered_at text,
    primary key (run, request)
) strict, without rowid;
create index requests_without_answer on requests (run) where answered_at is null;

create table people (
    tenant      text not null,
    key         text not null,
    id          text not null,
    feed        text not null,
    disabled_on text,
    pre_hire    integer not null default 0,
    deleted_on  text,
    leave_done  text not null default '[]',
    wanted      text not null default '{}',
    addresses   text not null default '[]',
    primary key (tenant, key)
) strict, without rowid;
create index people_by_account on people (tenant, id);

create table addresses (
    tenant  text not null,
    address text not null,
    key     text not null,
    until   text not null,
    primary key (tenant, address, key)
) strict, without rowid;

create table readings (tenant text not null, feed text not null, reading text not null, primary key (tenant, feed)) strict;
create table refused (tenant text not null, attribute text not null, day text not null, primary key (tenant, attribute)) strict;
create table cache (tenant text not null, name text not null, value blob not null, primary key (tenant, name)) strict;

create table staged (
    tenant      text not null,
    fingerprint text not null,
    feed        text not null,
    reading     text,
    ids         text not null,
    made_at     text not null,
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
