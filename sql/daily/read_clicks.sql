-- The clicks of a day and of the week before it that are as a step asks, whatever their selector, tag, text and link:
-- by chain and page, ids in its address aside; and how many of the day the action does not find.
select
    any_value(e.elements_chain) as chain,
    ops.event_pattern(split_part(split_part(coalesce(e.properties ->> '$current_url', ''), '?', 1), '#', 1)) as page,
    count(*) filter (where e."timestamp" < %(day)s::date) as events_before,
    count(*) filter (where e."timestamp" >= %(day)s::date and f.uuid is null) as events_missed
from warehouse.action_step as s
inner join warehouse.stored_event as e on s.team_id = e.team_id
left join warehouse.action_events as f
    on
        s.action_id = f.action_id
        and e.team_id = f.team_id
        and e.uuid = f.uuid
        and e.distinct_id = f.distinct_id
        and e.event = f.event
        and f."timestamp" >= %(day)s::date
        and f."timestamp" < %(day)s::date + 1
where
    s.step_id = %(step_id)s::bigint
    and e.event = '$autocapture'
    and e.elements_chain is not null
    and e."timestamp" >= %(day)s::date - 7
    and e."timestamp" < %(day)s::date + 1
    and (s.url is null or ops.url_matches(e.properties ->> '$current_url', s.url, s.url_matching))
    and not exists (
        select
        from warehouse.action_filter as n
        where
            n.step_id = s.step_id
            and not n.is_of_person
            and not ops.meets_filter(e.properties ->> n.key, n.operator, n.texts, n.numbers)
    )
-- By a hash, because a long chain is dear to compare.
group by hashtextextended(e.elements_chain collate "C", 0), page
order by count(*) desc
limit 20000;
