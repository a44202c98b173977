-- Erasures before of persons that have got an id since, by which they are erased again: which ids stand there now.
update staging.erased_event as r
set
    properties = r.properties || jsonb_build_object(
        'erased_ids',
        (
            select jsonb_agg(coalesce(i.distinct_id, n.distinct_id) order by n.place)
            from jsonb_array_elements_text(l.properties -> 'erased_ids') with ordinality as n (distinct_id, place)
            left join staging.erased_id as i on l.team_id = i.team_id and n.distinct_id = i.former_distinct_id
        )
    )
from landing.event as l
where
    r.kind = 'naming'
    and r.event = '$erase'
    and r.xid = l.xid and r.landing_id = l.landing_id and r.received_at = l.received_at
    and l.is_operator
    and l.properties ? 'erased_ids';
