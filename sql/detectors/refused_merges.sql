-- Merges that were refused and wait for a decision.
select
    m.team_id,
    '' as subject,
    min(m.arrived_at) as since_at,
    %(until)s::timestamptz as last_at,
    count(*) as events,
    count(distinct m.present_person_id) as users,
    format(
        '%%s merges wait; most name %%s', count(*), mode() within group (order by m.source_distinct_id)
    ) as detail,
    to_jsonb((array_agg(m.uuid order by m.arrived_at desc))[1:5]) as examples
from warehouse.refused_merges as m
where m.status = 'open' and m.arrived_at <= %(until)s::timestamptz
group by m.team_id
having count(*) >= %(min_merges)s::bigint;
