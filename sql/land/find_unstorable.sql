-- The JSON texts that this server cannot store as jsonb, by place in the list from 0, with its reason.
select
    t.ordinal - 1 as index,
    e.message
from unnest(%(texts)s::text[]) with ordinality as t (json, ordinal)
cross join lateral pg_input_error_info(t.json, 'jsonb') as e
where e.message is not null;
