-- What other persons' events name from now on: an id that could join nobody, as it was written, stays one that cannot,
-- for the same reason, in a replay too. Blanks say nothing of which it was.
update staging.erased_event as r
set
    properties = jsonb_build_object(
        n.key,
        case
            when n.key = 'erase' then to_jsonb(r.other_id)
            -- An alias that is none: see ops.named_other_id.
            when n.key = 'alias' and n.written in ('""', 'null', 'false', '0') then 'null'
            when jsonb_typeof(n.written) in ('object', 'array') then '{}'
            -- As stage refuses it.
            when length(n.written #>> '{}') > 400 then to_jsonb(repeat(' ', 401))
            when ops.is_illegal_distinct_id(left(n.written #>> '{}', 200)) then to_jsonb(' '::text)
            else to_jsonb(r.other_id)
        end
    )
from (
    select
        e.landing_id,
        k.key,
        e.properties -> k.key as written
    from staging.erased_event as e
    cross join lateral (select ops.other_id_key(e.event) as key) as k
    where e.kind = 'naming'
) as n
where r.landing_id = n.landing_id;
