-- What each stored event says of its person, as etl/rules/properties.py applies it; only events that say something.
create or replace view ops.stored_operation as
select
    e.team_id,
    e.distinct_id,
    e."timestamp",
    (extract(epoch from least(e."timestamp", e.received_at)) * 1000000)::bigint as stamped_at,
    e.xid::text::bigint as xid,
    e.landing_id,
    case
        when e.has_property_operations and jsonb_typeof(l.properties -> '$set') = 'object'
            then (l.properties -> '$set')::text
    end as set_json,
    case
        when e.has_property_operations and jsonb_typeof(l.properties -> '$set_once') = 'object'
            then (l.properties -> '$set_once')::text
    end as set_once_json,
    case when e.has_property_operations then (l.properties -> '$unset')::text end as unset_json,
    case when e.is_lifted then ops.lifted_values(l.properties) end as lifted_values,
    ops.is_about_person(e.event) as is_forced
from warehouse.stored_event as e
-- Unpacked once: else each of its readers unpacks a long payload anew.
cross join lateral (select e.properties #> '{}' as properties offset 0) as l  -- noqa: PRS
where e.has_property_operations or e.is_lifted;

comment on view ops.stored_operation is
'For the program: what each stored event says of its person, as it is folded; only events that say something';
