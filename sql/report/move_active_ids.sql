-- Merges of the new batches: the ids that belong to another person now, on whichever day they were active.
update ops.report_active_id
set person_id = m.person_id
from warehouse.person_distinct_id as m
where
    (m.team_id, m.person_id) in (
        select
            p.team_id,
            p.person_id
        from warehouse.merge as g
        inner join
            warehouse.person_distinct_id as p
            on g.team_id = p.team_id and p.distinct_id in (g.distinct_id, g.source_distinct_id)
        where
            g.batch_id > %(after)s::bigint and g.batch_id <= %(newest)s::bigint
            and g.outcome not in ('no-op', 'refused')
    )
    and ops.report_active_id.team_id = m.team_id
    and ops.report_active_id.distinct_id = m.distinct_id
    and ops.report_active_id.person_id <> m.person_id
returning ops.report_active_id.day;
