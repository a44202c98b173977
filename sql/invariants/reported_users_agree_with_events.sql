-- The unique users that the page shows of yesterday and the day before, counted again from the events. Asked only while
-- the page's store has every batch that is loaded: otherwise the two may differ.
select
    coalesce(e.day, r.day) as day,
    coalesce(e.team_id, r.team_id) as team_id,
    coalesce(e.persons, 0) as counted,
    coalesce(r.unique_users, 0) as shown
from (
    select
        (v."timestamp" at time zone 'UTC')::date as day,
        v.team_id,
        count(distinct v.person_id) as persons
    from warehouse.events as v
    where
        v."timestamp" >= date_trunc('day', now(), 'UTC') - interval '2 days'
        and v."timestamp" < date_trunc('day', now(), 'UTC')
    group by (v."timestamp" at time zone 'UTC')::date, v.team_id
) as e
full join (
    select d.*
    from ops.report_day as d
    where
        d.day >= (now() at time zone 'UTC')::date - 2
        and d.day < (now() at time zone 'UTC')::date
) as r on e.day = r.day and e.team_id = r.team_id
where
    coalesce(e.persons, 0) <> coalesce(r.unique_users, 0)
    and exists (
        select s.batch_id from ops.report_state as s
        where
            s.batch_id > 0
            and s.batch_id = (select max(b.batch_id) from ops.batch as b where b.status = 'loaded')
    );
