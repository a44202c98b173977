-- The unique users that the page shows, counted again from the events: of yesterday and the day before, and of each day
-- of which maintenance has counted others. Asked only while the page's store has every batch that is loaded: otherwise
-- the two may differ.
select d.*
from (
    with asked as (
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
    ),

    counted as (
        select
            (v."timestamp" at time zone 'UTC')::date as day,
            v.team_id,
            count(distinct v.person_id) as persons
        from warehouse.events as v
        where
            v."timestamp" >= (select min(a.day)::timestamp at time zone 'UTC' from asked as a)
            and v."timestamp" < date_trunc('day', now(), 'UTC')
            and (v."timestamp" at time zone 'UTC')::date in (select a.day from asked as a)
        group by (v."timestamp" at time zone 'UTC')::date, v.team_id
    ),

    shown as (
        select
            r.day,
            r.team_id,
            r.unique_users
        from ops.report_day as r
        where r.day in (select a.day from asked as a)
    )

    select
        coalesce(c.day, s.day) as day,
        coalesce(c.team_id, s.team_id) as team_id,
        coalesce(c.persons, 0) as counted,
        coalesce(s.unique_users, 0) as shown
    from counted as c
    full join shown as s on c.day = s.day and c.team_id = s.team_id
) as d
where
    d.counted <> d.shown
    and exists (
        select s.batch_id from ops.report_state as s
        where
            s.batch_id > 0
            and s.batch_id = (select max(b.batch_id) from ops.batch as b where b.status = 'loaded')
    );
