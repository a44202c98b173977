-- Where the rows of the file stand in landing, as the withdrawal says: the file's, and what was landed again of them.
insert into staging.withdrawn_range (xid, first_landing_id, last_landing_id)
select
    (r.range ->> 0)::xid8 as xid,
    (r.range ->> 1)::bigint as first_landing_id,
    (r.range ->> 2)::bigint as last_landing_id
from landing.event as l
cross join jsonb_array_elements(l.properties -> 'ranges') as r (range)
inner join ops.batch as b on l.xid = b.upper_xid and l.landing_id = b.upper_landing_id
where b.batch_id = %(batch_id)s::bigint;
