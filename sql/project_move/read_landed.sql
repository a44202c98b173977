-- What has landed of a project behind a position, in order. A uuid for each, so that one that is landed twice counts
-- once.
select
    l.team_id,
    coalesce(nullif(l.uuid, ''), ops.made_uuid(l.received_at, l.xid, l.landing_id)::text) as uuid,
    l.event,
    l.distinct_id,
    l.properties::text as properties,
    l."timestamp",
    l.sent_at,
    l.ip,
    l.is_personless,
    l.is_operator,
    l.is_captured,
    l.received_at
from landing.event as l
where
    l.team_id = %(team_id)s::bigint
    and (l.xid, l.landing_id) > (%(source_xid)s::xid8, %(source_landing_id)s::bigint)
order by l.xid, l.landing_id;
