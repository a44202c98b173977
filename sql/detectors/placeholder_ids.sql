-- Events under ids such as null, undefined or anonymous: all who send one are a single user.
select
    a.team_id,
    '' as subject,
    min(e."timestamp") as since_at,
    max(e."timestamp") as last_at,
    count(*) as events,
    count(distinct coalesce(e.properties ->> '$device_id', e.ip, e.distinct_id)) as users,
    format(
        'ids %%s; %%s devices count as %%s users',
        string_agg(distinct a.distinct_id, ', '),
        count(distinct coalesce(e.properties ->> '$device_id', e.ip, e.distinct_id)),
        count(distinct e.person_id)
    ) as detail,
    to_jsonb((array_agg(e.uuid order by e."timestamp" desc))[1:5]) as examples
from (
    select distinct
        i.team_id,
        i.distinct_id
    from ops.report_active_id as i
    where
        i.day >= (%(since)s::timestamptz at time zone 'UTC')::date
        and ops.is_illegal_distinct_id(i.distinct_id)
) as a
inner join warehouse.events as e
    on
        a.team_id = e.team_id
        and a.distinct_id = e.distinct_id
        and e."timestamp" >= %(since)s::timestamptz
        and e."timestamp" < %(until)s::timestamptz
group by a.team_id
having count(*) >= %(min_events)s::bigint;
