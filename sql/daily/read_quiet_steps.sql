-- Steps of actions that ask for a text which a day, once it is over, has hardly any more, after some days that had it.
select
    s.team_id,
    s.action_id,
    s.step_id,
    s.text,
    s.written,
    round(q.events_a_day) as events_a_day_before
from (
    select
        s.*,
        w.step as written
    from (
        select
            t.*,
            row_number() over (partition by t.action_id order by t.step_id) as place
        from warehouse.action_step as t
    ) as s
    inner join warehouse.action as a on s.action_id = a.action_id
    cross join lateral jsonb_array_elements(a.steps) with ordinality as w (step, place)
    where w.place = s.place and s.text_matching = 'exact' and coalesce(s.event, '$autocapture') = '$autocapture'
) as s
cross join
    lateral (
        select
            avg(b.events) as events_a_day,
            count(*) as days
        from ops.event_day as b
        where
            b.team_id = s.team_id
            and b.event = '$autocapture'
            and b.label = left(s.text, 100)
            and b.day between %(day)s::date - 7 and %(day)s::date - 1
    ) as q
where
    %(day)s::date < %(today)s::date
    and q.days >= 3
    and q.events_a_day >= 20
    and not exists (
        select
        from ops.event_day as o
        where
            o.team_id = s.team_id
            and o.event = '$autocapture'
            and o.label = left(s.text, 100)
            and o.day = %(day)s::date
            and o.events > q.events_a_day * 0.1
    )
order by s.step_id;
