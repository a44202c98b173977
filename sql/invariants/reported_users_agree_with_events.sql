-- The unique users that the page shows, counted again from the events: of yesterday and the day before, and of each day
-- of which maintenance has counted others. Asked only while the page's store has every batch that is loaded: otherwise
-- the two may differ.
select
    d.day,
    d.team_id,
    d.counted,
    d.shown
from (
    select
        a.day,
        v.team_id,
        sum(v.counted)::bigint as counted,
        sum(v.shown)::bigint as shown
    from (
        select (now() at time zone 'UTC')::date - n as day
        from generate_series(1, 2) as n
        union
        select r.day
        from ops.report_day as r
        inner join ops.user_day as u on r.day = u.day and r.team_id = u.team_id
        where
            r.unique_users <> u.persons
            and r.day < (now() at time zone 'UTC')::date
            and not exists (select from ops.dropped_events as x where x.day = r.day)
    ) as a
    -- A loop over the days, each of which reads its own partition.
    cross join
        lateral (
            select
                w.team_id,
                count(distinct w.person_id) as counted,
                0 as shown
            from warehouse.events as w
            where
                w."timestamp" >= a.day::timestamp at time zone 'UTC'
                and w."timestamp" < (a.day + 1)::timestamp at time zone 'UTC'
            group by w.team_id
            union all
            select
                r.team_id,
                0 as counted,
                r.unique_users as shown
            from ops.report_day as r
            where r.day = a.day
        ) as v
    group by a.day, v.team_id
) as d
where
    d.counted <> d.shown
    and exists (
        select s.batch_id from ops.report_state as s
        where
            s.batch_id > 0
            and s.batch_id = (select max(b.batch_id) from ops.batch as b where b.status = 'loaded')
    );
