-- What identity providers and HR systems have pushed. The file is beside state.db: a run holds the write lock of that one while it records
-- answers, and a push must not wait for it.
create table tokens (
    id           text primary key,
    feed         text not null,
    sha256       blob not null unique,
    created_at   text not null,
    expires_at   text,
    revoked_at   text,
    last_used_at text
) strict;

-- One row for each user (kind 0) and group (kind 1), in normal form. A deleted user stays as a tombstone: its record says that the person
-- has left.
create table resources (
    number      integer primary key,
    feed        text not null,
    kind        integer not null,
    id          text not null unique,
    name        text not null,
    external_id text,
    version     integer not null,
    created_at  text not null,
    modified_at text not null,
    deleted_at  text,
    body        text not null,
    -- When each value arrived, and the id of the token: {"title": ["2026-11-20T08:00:00Z", "tk-5f0c"]}.
    arrivals    text not null
) strict;
create unique index live_names on resources (feed, kind, name) where deleted_at is null;
create index external_ids on resources (feed, kind, external_id) where external_id is not null;
create index live_resources on resources (feed, kind, number) where deleted_at is null;

-- A member may arrive before its resource does.
create table members (
    group_number integer not null references resources (number),
    member       text not null,
    body         text not null,
    arrived_at   text not null,
    token        text not null,
    primary key (group_number, member)
) strict, without rowid;
create index groups_of_a_member on members (member);
