-- Funnel: how many persons did the first event, then the second, then the third, all within a time of the first. Other
-- events may come between. Each event carries the latest start that leads to it, because that one leaves most time.
-- team_id; first, second, third: names of events; within: an interval, such as 7 days; since, until.
with step as (
    select
        e.person_id,
        e.event,
        e."timestamp",
        e.landing_id
    from warehouse.events as e
    where
        e.team_id = %(team_id)s
        and e.event in (%(first)s, %(second)s, %(third)s)
        and e."timestamp" >= (%(since)s || ' UTC')::timestamptz
        and e."timestamp" < (%(until)s || ' UTC')::timestamptz
        and e.person_id is not null
),

reached_first as (
    select
        s.*,
        case when s.event = %(first)s then s."timestamp" end as first_from
    from step as s
),

reached_second as (
    select
        r.*,
        case when r.event = %(second)s then max(r.first_from) over earlier end as second_from
    from reached_first as r
    window earlier as (
        partition by r.person_id order by r."timestamp", r.landing_id
        rows between unbounded preceding and 1 preceding
    )
),

reached_third as (
    select
        r.*,
        case when r.event = %(third)s then max(r.second_from) over earlier end as third_from
    from reached_second as r
    window earlier as (
        partition by r.person_id order by r."timestamp", r.landing_id
        rows between unbounded preceding and 1 preceding
    )
)

select
    count(distinct r.person_id) filter (where r.first_from is not null) as first_step,
    count(distinct r.person_id) filter (where r.second_from >= r."timestamp" - %(within)s::interval) as second_step,
    count(distinct r.person_id) filter (where r.third_from >= r."timestamp" - %(within)s::interval) as third_step
from reached_third as r;
