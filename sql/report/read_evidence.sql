-- What is known about the numbers besides the batches: the last audit, the last check of the whole warehouse, and
-- yesterday counted again from the events.
select
    a.verified_at,
    a.last_batch_id as audited_batch_id,
    jsonb_array_length(a.troubles) as troubles,
    e.entry_id,
    e.hash,
    c.checked_at,
    c.checks,
    c.broken,
    coalesce(c.broken_duplicates, 0) as broken_duplicates,
    coalesce(c.broken_persons, 0) as broken_persons,
    u.counted_at,
    u.persons as recounted
from (select %(day)s::date as day) as y
left join (
    select r.*
    from ops.audit_run as r
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
) as e on true
left join (
    select
        max(k.checked_at) as checked_at,
        count(*) as checks,
        count(*) filter (where not k.is_success) as broken,
        count(*) filter (where not k.is_success and k.expectation = 'loaded_equals_event_keys') as broken_duplicates,
        count(*) filter (where not k.is_success and k.expectation <> 'loaded_equals_event_keys') as broken_persons
    from ops.check_result as k
    where k.suite = 'warehouse' and k.day = (select max(m.day) from ops.check_result as m where m.suite = 'warehouse')
) as c on true
left join (
    select
        d.day,
        min(d.counted_at) as counted_at,
        sum(d.persons)::bigint as persons
    from ops.user_day as d
    group by d.day
) as u on y.day = u.day;
