alter table people add column missing_since text;
alter table people add column seen integer not null default 0;
alter table readings add column read_at text;
alter table staged add column guards text not null default '[]';
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
