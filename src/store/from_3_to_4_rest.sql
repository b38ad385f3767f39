insert into meta select name, value from old_meta;
insert into addresses select tenant, address, key, until from old_addresses;
insert into readings select tenant, feed, reading, read_at from old_readings;
insert into refused select tenant, attribute, day from old_refused;
insert into cache select tenant, name, value from old_cache;
insert into staged_people select tenant, fingerprint, key, id, wanted from old_staged_people;
insert into decisions select decision, tenant, key, verdict, account, given_name, surname, note, user, host, decided_at, forgotten_at,
    forgotten_by from old_decisions;
insert into changes select r.number, c.seq, c.key, c.object = 'user', c.done from old_changes c join runs r on r.run = c.run;
update people set written = 1 where exists (select 1 from changes c join runs r on r.number = c.run
    where c.key = people.key and c.object = 1 and r.tenant = (select name from names where number = people.tenant));
drop table old_changes;
drop table old_requests;
drop table old_runs;
drop table old_people;
drop table old_meta;
drop table old_addresses;
drop table old_readings;
drop table old_refused;
drop table old_cache;
drop table old_staged;
drop table old_staged_people;
drop table old_decisions;
