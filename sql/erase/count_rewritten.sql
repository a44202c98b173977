-- How many rows were rewritten, by the digest that has them.
select
    a.name,
    sum(a.events)::bigint as events
from staging.amendment as a
group by a.name;
