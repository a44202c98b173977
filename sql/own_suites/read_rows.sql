-- The events of some batches, the newest first, with the properties that a suite names, in its order. Held in that many
-- rows before the properties are taken out.
select
    e.uuid::text as uuid,
    e.event,
    e.distinct_id,
    e.person_id::text as person_id,
    e."timestamp",
    e.received_at,
    e.batch_id,
    e.team_id,
    (
        select jsonb_agg(e.properties -> p.name order by p.place)
        from unnest(%(properties)s::text[]) with ordinality as p (name, place)
    ) as properties
from (
    select n.*
    from warehouse.events as n
    where n.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
    order by n.batch_id desc, n.landing_id desc
    limit %(at_most)s::bigint
) as e;
