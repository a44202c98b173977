-- Rows in quarantine: of the ids, by the id that stage would have given them; and those of others that name one.
-- A range of time is one of arrivals, because a refused row may have no other.
insert into staging.erased_event (
    landing_id, kind, team_id, former_distinct_id, distinct_id, xid, received_at, event, properties, other_id
)
select
    q.landing_id,
    case when i.distinct_id is null then 'naming' else 'refused' end as kind,
    q.team_id,
    coalesce(q.written_id, '') as former_distinct_id,
    coalesce(i.distinct_id, q.written_id, '') as distinct_id,
    q.xid,
    q.received_at,
    q.event,
    case
        when i.distinct_id is not null then '{}'
        -- Of another one's for now what it names.
        else jsonb_build_object(ops.other_id_key(q.event), q.other)
    end as properties,
    o.distinct_id as other_id
from (
    select
        r.landing_id,
        r.team_id,
        r.xid,
        r.received_at,
        r.event,
        left(ops.given_distinct_id(r.distinct_id, r.properties), 200) as written_id,
        left(r.properties ->> ops.other_id_key(r.event), 200) as other_id,
        r.properties -> ops.other_id_key(r.event) as other
    from quarantine.event as r
    -- Worked out once a row.
    offset 0
) as q
left join staging.erased_id as i on q.team_id = i.team_id and q.written_id = i.former_distinct_id
left join staging.erased_id as o on q.team_id = o.team_id and q.other_id = o.former_distinct_id
where
    (
        i.distinct_id is not null
        and (%(since_at)s::timestamptz is null or q.received_at >= %(since_at)s::timestamptz)
        and (%(until_at)s::timestamptz is null or q.received_at < %(until_at)s::timestamptz)
    )
    or (i.distinct_id is null and o.distinct_id is not null and not %(is_events_only)s::boolean);
