-- Unique users of a day, and how many they are at least and at most, by what has been taken up so far. The rule:
--   counted: persons with a loaded event of that day.
--   At least: as if everything that is doubtful were one user more than it should be.
--     - A refused merge that nobody has decided, or a merging row that waits in quarantine, may still join two persons.
--       Persons connected by such merges, directly or by way of others, would be one: of each group only one is sure.
--     - The person of a placeholder id (null, undefined, ...) may be somebody who is counted already.
--   At most: as if everything that is not counted were a user of its own.
--     - An id that is held or waits in quarantine, and whose person is not counted that day, may be one more; so may
--       each row that waits without an id, or with a placeholder.
--     - Each event under a placeholder id may be of somebody else, so all but one of them may be one more.
-- Taken for granted: any other id belongs to one human, and the merges that were done are right. What has not arrived
-- yet, nobody can bound.
with recursive
given as (
    select
        %(day)s::date as day,
        %(day)s::date::timestamp at time zone 'UTC' as began_at
),

counted as (
    select
        a.team_id,
        a.person_id,
        bool_and(ops.is_illegal_distinct_id(a.distinct_id)) as is_placeholder,
        sum(a.events) filter (where ops.is_illegal_distinct_id(a.distinct_id)) as placeholder_events
    from ops.report_active_id as a
    inner join given as g on a.day = g.day
    where a.person_id is not null
    group by a.team_id, a.person_id
),

-- Rows that wait in quarantine, and whose person their id leads to. An id of 201 to 400 characters is cut, as in stage.
waiting as (
    select
        q.team_id,
        i.distinct_id,
        p.person_id
    from quarantine.event as q
    cross join given as g
    cross join lateral (select ops.given_distinct_id(q.distinct_id, q.properties) as distinct_id) as w
    cross join
        lateral (
            select
                case
                    when ops.is_illegal_distinct_id(w.distinct_id) then null
                    when length(w.distinct_id) <= 400 then left(w.distinct_id, 200)
                    else w.distinct_id
                end as distinct_id
        ) as i
    cross join
        lateral (
            select
                ops.corrected_time(
                    ops.parse_timestamp(q."timestamp"),
                    case
                        when coalesce(q.properties -> '$ignore_sent_at' <> 'true', true)
                            then ops.parse_timestamp(q.sent_at) - q.received_at
                    end
                ) as corrected_at
        ) as c
    cross join
        lateral (
            select
                case
                    when c.corrected_at <= q.received_at + interval '23 hours' then c.corrected_at
                    else q.received_at
                end as happened_at
        ) as t
    left join warehouse.person_distinct_id as p on q.team_id = p.team_id and i.distinct_id = p.distinct_id
    where
        q.resolution is null
        and q.received_at >= g.began_at - interval '1 day'
        and t.happened_at >= g.began_at
        and t.happened_at < g.began_at + interval '1 day'
),

-- Held events have no person yet.
held as (
    select
        b.team_id,
        b.distinct_id
    from buffer.event as b
    inner join given as g on b."timestamp" >= g.began_at and b."timestamp" < g.began_at + interval '1 day'
    group by b.team_id, b.distinct_id
),

refused as (
    select
        count(*) filter (where w.distinct_id is null) as without_id,
        count(distinct concat(w.team_id, ' ', coalesce(w.person_id::text, 'id ' || w.distinct_id))) filter (
            where
            w.distinct_id is not null
            and not exists (select from counted as c where c.team_id = w.team_id and c.person_id = w.person_id)
            and not exists (select from held as h where h.team_id = w.team_id and h.distinct_id = w.distinct_id)
        ) as with_id
    from waiting as w
),

-- Merges that may still come.
edge as (
    select
        m.team_id,
        m.present_person_id as person_id,
        m.present_source_person_id as other_person_id
    from warehouse.refused_merges as m
    where m.status = 'open'
    union
    select
        q.team_id,
        t.person_id,
        s.person_id as other_person_id
    from quarantine.event as q
    inner join warehouse.person_distinct_id as t
        on q.team_id = t.team_id and t.distinct_id = ops.given_distinct_id(q.distinct_id, q.properties)
    inner join warehouse.person_distinct_id as s
        on
            q.team_id = s.team_id
            and s.distinct_id = (ops.named_other_id(q.event, q.properties, false) #>> '{}')
    where
        q.resolution is null
        and q.event in ('$identify', '$create_alias', '$merge_dangerously')
        and t.person_id <> s.person_id
),

-- Those with the most merges come first, so that the walk below, which goes upwards only, is short.
node as (
    select
        x.team_id,
        x.person_id,
        row_number() over (order by count(*) desc, x.team_id asc, x.person_id asc) as place
    from (
        select
            e.team_id,
            e.person_id
        from edge as e
        union all
        select
            e.team_id,
            e.other_person_id as person_id
        from edge as e
    ) as x
    group by x.team_id, x.person_id
),

neighbour as (
    select
        a.place,
        b.place as other_place
    from edge as e
    inner join node as a on e.team_id = a.team_id and e.person_id = a.person_id
    inner join node as b on e.team_id = b.team_id and e.other_person_id = b.person_id
    union
    select
        b.place,
        a.place as other_place
    from edge as e
    inner join node as a on e.team_id = a.team_id and e.person_id = a.person_id
    inner join node as b on e.team_id = b.team_id and e.other_person_id = b.person_id
),

-- From each node upwards: the lowest of a group reaches all of it.
reached as (
    select
        n.place as root,
        n.place
    from node as n
    union
    select
        r.root,
        o.other_place as place
    from reached as r
    inner join neighbour as o on r.place = o.place and r.root < o.other_place
),

joinable as (
    select count(*) - count(distinct g.root) as persons
    from node as n
    inner join counted as c on n.team_id = c.team_id and n.person_id = c.person_id and not c.is_placeholder
    inner join (
        select
            r.place,
            min(r.root) as root
        from reached as r
        group by r.place
    ) as g on n.place = g.place
)

select
    s.counted,
    s.counted - s.joinable - s.placeholders as at_least,
    s.counted + s.held + s.refused_ids + s.refused_rows + s.placeholder_events - s.placeholders as at_most,
    s.joinable,
    s.placeholders,
    s.placeholder_events,
    s.held,
    s.refused_ids,
    s.refused_rows
from (
    select
        (select count(*) from counted) as counted,
        (select j.persons from joinable as j) as joinable,
        (select count(*) from counted as c where c.is_placeholder) as placeholders,
        coalesce(
            (select sum(c.placeholder_events)::bigint from counted as c where c.is_placeholder), 0
        ) as placeholder_events,
        (select count(*) from held) as held,
        (select r.with_id from refused as r) as refused_ids,
        (select r.without_id from refused as r) as refused_rows
) as s;
