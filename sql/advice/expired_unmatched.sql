-- The share of held events whose time ran out without a person; 0 where fewer than 20 were held.
select
    coalesce(sum(b.held), 0) as evaluated,
    case
        when sum(b.held) >= 20 then round(sum(b.expired_unmatched)::numeric / sum(b.held), 4) else 0
    end as unexpected,
    '[]'::jsonb as examples
from ops.buffer_day as b
where b.day = %(day)s::date;
