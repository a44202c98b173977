-- How many held events' time ran out without a person, and their share; 0 where fewer than 20 were held.
select
    coalesce(sum(b.held), 0)::bigint as evaluated,
    coalesce(sum(b.expired_unmatched), 0)::bigint as unexpected,
    case
        when sum(b.held) >= 20 then round(sum(b.expired_unmatched)::numeric / sum(b.held), 4) else 0
    end as share,
    '[]'::jsonb as examples
from ops.buffer_day as b
where b.day = %(day)s::date;
