-- Sessions that began in [since, until), as PostHog counts them: the events that share a $session_id. SDKs end a
-- session after 24 hours, so a day more is read on both sides: before, to leave out those that had begun already;
-- after, to see the others whole. Plain SQL, so that the planner sees which days are asked for.
create or replace function warehouse.sessions(since timestamptz, until timestamptz)
returns table (
    team_id bigint,
    session_id text,
    person_id uuid,
    distinct_id text,
    started_at timestamptz,
    ended_at timestamptz,
    duration_seconds double precision,
    entry_url text,
    exit_url text,
    events bigint,
    pageviews bigint,
    screens bigint,
    autocaptures bigint,
    is_bounce boolean,
    entry_referring_domain text,
    entry_utm_source text,
    entry_utm_medium text,
    entry_utm_campaign text,
    entry_utm_content text,
    entry_utm_term text,
    entry_gclid text,
    entry_gad_source text,
    entry_fbclid text
)
language sql
stable
as $$
with session_event as (
    select
        e.team_id,
        e.person_id,
        e.distinct_id,
        e.event,
        e.event in ('$pageview', '$screen') as is_view,
        e."timestamp",
        e.landing_id,
        p."$session_id" as session_id,
        nullif(p."$current_url", '') as url,
        nullif(p."$referring_domain", '') as referring_domain,
        nullif(p.utm_source, '') as utm_source,
        nullif(p.utm_medium, '') as utm_medium,
        nullif(p.utm_campaign, '') as utm_campaign,
        nullif(p.utm_content, '') as utm_content,
        nullif(p.utm_term, '') as utm_term,
        nullif(p.gclid, '') as gclid,
        nullif(p.gad_source, '') as gad_source,
        nullif(p.fbclid, '') as fbclid
    from warehouse.events as e
    -- Unpacked once, whatever is read of it.
    cross join lateral jsonb_to_record(e.properties) as p (
        "$session_id" text,
        "$current_url" text,
        "$referring_domain" text,
        utm_source text,
        utm_medium text,
        utm_campaign text,
        utm_content text,
        utm_term text,
        gclid text,
        gad_source text,
        fbclid text
    )
    where
        e."timestamp" >= since - interval '24 hours'
        and e."timestamp" < until + interval '24 hours'
        and p."$session_id" <> ''
)

select
    s.team_id,
    s.session_id,
    s.person_id,
    s.distinct_id,
    s.started_at,
    s.ended_at,
    extract(epoch from s.ended_at - s.started_at)::double precision as duration_seconds,
    s.entry_url,
    s.exit_url,
    s.events,
    s.pageviews,
    s.screens,
    s.autocaptures,
    case
        when s.pageviews + s.screens + s.autocaptures > 0
            then s.pageviews + s.screens + s.autocaptures = 1 and s.ended_at - s.started_at < interval '10 seconds'
    end as is_bounce,
    s.referring_domain as entry_referring_domain,
    s.utm_source as entry_utm_source,
    s.utm_medium as entry_utm_medium,
    s.utm_campaign as entry_utm_campaign,
    s.utm_content as entry_utm_content,
    s.utm_term as entry_utm_term,
    s.gclid as entry_gclid,
    s.gad_source as entry_gad_source,
    s.fbclid as entry_fbclid
from (
    select
        e.team_id,
        e.session_id,
        -- Of the last event, should a session have several.
        (
            array_agg(e.person_id order by e."timestamp" desc, e.landing_id desc)
            filter (where e.person_id is not null)
        )[1] as person_id,
        (array_agg(e.distinct_id order by e."timestamp" desc, e.landing_id desc))[1] as distinct_id,
        min(e."timestamp") as started_at,
        max(e."timestamp") as ended_at,
        count(*) as events,
        count(*) filter (where e.event = '$pageview') as pageviews,
        count(*) filter (where e.event = '$screen') as screens,
        count(*) filter (where e.event = '$autocapture') as autocaptures,
        (
            array_agg(e.url order by e.is_view desc, e."timestamp" desc, e.landing_id desc)
            filter (where e.url is not null)
        )[1] as exit_url,
        -- The first value that there is; those of pages and screens before all others.
        (
            array_agg(e.url order by e.is_view desc, e."timestamp", e.landing_id)
            filter (where e.url is not null)
        )[1] as entry_url,
        (
            array_agg(e.referring_domain order by e.is_view desc, e."timestamp", e.landing_id)
            filter (where e.referring_domain is not null)
        )[1] as referring_domain,
        (
            array_agg(e.utm_source order by e.is_view desc, e."timestamp", e.landing_id)
            filter (where e.utm_source is not null)
        )[1] as utm_source,
        (
            array_agg(e.utm_medium order by e.is_view desc, e."timestamp", e.landing_id)
            filter (where e.utm_medium is not null)
        )[1] as utm_medium,
        (
            array_agg(e.utm_campaign order by e.is_view desc, e."timestamp", e.landing_id)
            filter (where e.utm_campaign is not null)
        )[1] as utm_campaign,
        (
            array_agg(e.utm_content order by e.is_view desc, e."timestamp", e.landing_id)
            filter (where e.utm_content is not null)
        )[1] as utm_content,
        (
            array_agg(e.utm_term order by e.is_view desc, e."timestamp", e.landing_id)
            filter (where e.utm_term is not null)
        )[1] as utm_term,
        (
            array_agg(e.gclid order by e.is_view desc, e."timestamp", e.landing_id)
            filter (where e.gclid is not null)
        )[1] as gclid,
        (
            array_agg(e.gad_source order by e.is_view desc, e."timestamp", e.landing_id)
            filter (where e.gad_source is not null)
        )[1] as gad_source,
        (
            array_agg(e.fbclid order by e.is_view desc, e."timestamp", e.landing_id)
            filter (where e.fbclid is not null)
        )[1] as fbclid
    from session_event as e
    group by e.team_id, e.session_id
) as s
where s.started_at >= since and s.started_at < until
$$;

comment on function warehouse.sessions(timestamptz, timestamptz) is
'Sessions that began in [since, until), by the $session_id of events: person and distinct id of the last event, length '
'in seconds, first and last URL, numbers of events, where it came from (the first value, pages and screens before '
'other events; null: none). is_bounce: one page, screen or click in under 10 s; null: none of these';
