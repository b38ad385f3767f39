-- The last upload of each person to a target that cannot be read. The record in effect is null where the last one is.
create table uploads (
    target    text not null,
    id        text not null,
    record    text not null,
    state     text not null,
    sent_at   text not null,
    in_effect text,
    entry     text,
    primary key (target, id)
) strict, without rowid;
-- The calls of the last day, in microseconds since 1970: the target's limit counts them over all runs.
create table upload_calls (
    call    integer primary key,
    target  text not null,
    sent_at integer not null
) strict;
create index upload_calls_of_a_target on upload_calls (target, sent_at);
