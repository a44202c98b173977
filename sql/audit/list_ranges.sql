-- The days of the events, and the times between them, whose events are in the default partition. By time and not by
-- tableoid: rows that live on another server have none of ours.
with day as (
    select to_date(right(c.relname, 8), 'YYYYMMDD')::timestamptz as began_at
    from pg_inherits as i
    inner join pg_class as c on i.inhrelid = c.oid
    where i.inhparent = 'warehouse.stored_event'::regclass and c.relname ~ '_[0-9]{8}$'
),

bound as (
    select '-infinity'::timestamptz as reached_at
    union
    select d.began_at from day as d
    union
    select d.began_at + interval '1 day' from day as d
)

-- As text, because Python has no infinite times. Both ends belong to it: there may be an event at infinity.
select
    b.reached_at::text as since_at,
    coalesce(lead(b.reached_at) over (order by b.reached_at) - interval '1 us', 'infinity')::text as until_at
from bound as b
order by b.reached_at;
