-- The statements that make a login (or give it its password again), put it in its roles and set its limits, in order.
-- Utility statements take no parameters, so the server quotes the names here and the caller runs the result. A login
-- may lift the limits in time for itself: they are for accidents.
select
    format('create role %%I login', %(name)s::text) as statement,
    1 as step
where
    not exists (
        select from pg_roles
        where rolname = %(name)s::text
    )
union all
select
    format('alter role %%I login password %%L', %(name)s::text, %(hash)s::text) as statement,
    2 as step
union all
select
    format('grant %%I to %%I', m.role, m.login) as statement,
    3 as step
from
    (
        values
        ('owner', 'pg_monitor'),
        ('owner', 'pg_signal_backend'),
        ('writer', 'event_writer'),
        ('reader', 'auditor'),
        ('capture', 'event_capture')
    ) as m (login, role)
where m.login = %(name)s::text
union all
select
    format('alter role %%I %%s', a.login, a.attributes) as statement,
    4 as step
from
    (
        values
        -- For `etl rebuild`, which plays the log in a database of its own.
        ('owner', 'createdb'),
        ('writer', 'connection limit 20'),
        ('reader', 'connection limit 20'),
        ('capture', 'connection limit 20')
    ) as a (login, attributes)
where a.login = %(name)s::text
union all
select
    format('alter role %%I set %%I = %%L', s.login, s.setting, s.value) as statement,
    5 as step
from
    (
        values
        ('writer', 'idle_in_transaction_session_timeout', '1min'),
        ('writer', 'temp_file_limit', '1GB'),
        ('capture', 'idle_in_transaction_session_timeout', '1min'),
        ('capture', 'temp_file_limit', '1GB'),
        ('reader', 'idle_in_transaction_session_timeout', '5min'),
        ('reader', 'statement_timeout', '15min'),
        ('reader', 'temp_file_limit', '10GB')
    ) as s (login, setting, value)
where s.login = %(name)s::text
order by step;
