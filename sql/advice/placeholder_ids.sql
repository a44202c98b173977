-- Distinct ids that many clients send by mistake.
select
    coalesce(sum(f.events), 0) as evaluated,
    count(*) filter (where f.is_odd) as unexpected,
    coalesce(jsonb_agg(f.example order by f.events desc, f.example asc) filter (where f.is_odd), '[]') as examples
from (
    select
        e.distinct_id as example,
        count(*) as events,
        ops.is_illegal_distinct_id(e.distinct_id) as is_odd
    from warehouse.stored_event as e
    where
        e."timestamp" >= %(day)s::date
        and e."timestamp" < %(day)s::date + 1
    group by e.distinct_id
) as f;
