-- Sessions by day (UTC) of their beginning and source: utm_source, else the referring domain.
-- team_id; since, until.
select
    (s.started_at at time zone 'UTC')::date as day,
    coalesce(s.entry_utm_source, s.entry_referring_domain, '$direct') as source,
    count(*) as sessions,
    count(distinct s.person_id) as persons,
    avg(s.is_bounce::integer) as bounce_rate,
    percentile_cont(0.5) within group (order by s.duration_seconds) as median_seconds,
    avg(s.pageviews) as pageviews
from warehouse.sessions((%(since)s || ' UTC')::timestamptz, (%(until)s || ' UTC')::timestamptz) as s
where s.team_id = %(team_id)s
group by 1, 2
order by 1, 3 desc, 2;
