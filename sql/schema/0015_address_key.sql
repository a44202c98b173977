-- Which visitor without cookies an event is of follows from the address, which must not be kept: capture lands a hash
-- of it with this key, the project and the day.
create table landing.address_key (
    is_only boolean primary key default true check (is_only),
    -- 244 random bits.
    key bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);

insert into landing.address_key default values;

comment on table landing.address_key is
'For capture: one row, the key with which it hashes the addresses of visitors without cookies';

grant select on landing.address_key to event_capture;
