-- The groups that events to be erased say something of.
insert into staging.withdrawn_group (team_id, group_type, group_key)
select distinct
    g.team_id,
    g.group_type,
    g.group_key
from staging.erased_event as r
inner join warehouse.stored_event as s
    on
        r.team_id = s.team_id and r.former_distinct_id = s.distinct_id and r."timestamp" = s."timestamp"
        and r.landing_id = s.landing_id
inner join warehouse.group_profile as g
    on
        s.team_id = g.team_id and s.properties ->> '$group_type' = g.group_type
        and s.properties ->> '$group_key' = g.group_key
where r.kind = 'loaded' and s.event = '$groupidentify';
