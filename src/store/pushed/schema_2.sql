-- OAuth clients are rows of `tokens`: their secret is no token, and the tokens that they get are here, until they expire.
alter table tokens add column is_client integer not null default 0;

create table access_tokens (
    sha256     blob primary key,
    -- The id of the client, or `federation` for a token that a signed assertion got.
    client     text not null,
    feed       text not null,
    expires_at text not null
) strict, without rowid;

-- When a run first saw that the account of a tombstone is disabled, or that there is none.
alter table resources add column settled_at text;
-- The token whose DELETE made a tombstone.
alter table resources add column deleted_by text;
