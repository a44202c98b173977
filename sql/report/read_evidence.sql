-- What is known about the numbers besides the batches: the last audit and the last check of the whole warehouse. What
-- ran before there was a batch says nothing of it.
select
    a.verified_at,
    a.last_batch_id as audited_batch_id,
    jsonb_array_length(a.troubles) as troubles,
    e.entry_id,
    e.hash,
    c.checked_at,
    coalesce(c.broken_duplicates, 0) as broken_duplicates,
    coalesce(c.broken_persons, 0) as broken_persons,
    coalesce(c.broken_recount, 0) as broken_recount,
    (
        select count(*)
        from ops.event_hour as h
        where
            h.hour_at >= (%(yesterday)s::date)::timestamp at time zone 'UTC'
            and h.hour_at < (%(yesterday)s::date + 1)::timestamp at time zone 'UTC'
            and h.event = ''
            and h.expected is not null
    ) as expected_hours
from (
    select
        max(k.checked_at) as checked_at,
        count(*) filter (where not k.is_success and k.expectation = 'loaded_equals_event_keys') as broken_duplicates,
        count(*) filter (
            where not k.is_success and k.expectation = 'reported_users_agree_with_events'
        ) as broken_recount,
        count(*) filter (
            where
            not k.is_success
            and k.expectation not in ('loaded_equals_event_keys', 'reported_users_agree_with_events')
        ) as broken_persons
    from ops.check_result as k
    where
        k.suite = 'warehouse'
        and k.checked_at >= (select min(b.loaded_at) from ops.batch as b)
        and k.day = (select max(m.day) from ops.check_result as m where m.suite = 'warehouse')
) as c
left join (
    select r.*
    from ops.audit_run as r
    where
        r.verified_at >= (select min(b.loaded_at) from ops.batch as b)
        and (not r.is_period or r.troubles <> '[]')
    order by r.run_id desc
    limit 1
) as a on true
left join (
    select
        n.entry_id,
        n.hash
    from ops.audit_entry as n
    order by n.entry_id desc
    limit 1
) as e on true;
