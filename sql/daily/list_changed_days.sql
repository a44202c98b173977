-- Older days of the last two months whose users are counted again: those of which the page shows something else by now,
-- after late events or merges, and the one whose count is the oldest. Not what retention has dropped events of.
with older as (
    select
        u.day,
        row_number() over (order by min(u.counted_at), u.day) = 1 as is_oldest
    from ops.user_day as u
    where
        u.day between %(today)s::date - 60 and %(today)s::date - 3
        and not exists (select from ops.dropped_events as x where x.day = u.day)
    group by u.day
)

select o.day
from older as o
where
    o.is_oldest
    or exists (
        select from ops.report_day as r
        where
            r.day = o.day
            and not exists (
                select from ops.user_day as u
                where
                    u.day = r.day and u.team_id = r.team_id
                    and u.events = r.events and u.persons = r.unique_users
            )
    )
order by o.day;
