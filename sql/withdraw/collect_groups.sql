-- The groups that withdrawn events say something of.
insert into staging.withdrawn_group (team_id, group_type, group_key)
select distinct
    s.team_id,
    s.properties ->> '$group_type' as group_type,
    s.properties ->> '$group_key' as group_key
from staging.withdrawn_event as e
inner join warehouse.stored_event as s
    on
        e.team_id = s.team_id and e.distinct_id = s.distinct_id and e."timestamp" = s."timestamp"
        and e.landing_id = s.landing_id
inner join warehouse.group_profile as g
    on
        s.team_id = g.team_id and s.properties ->> '$group_type' = g.group_type
        and s.properties ->> '$group_key' = g.group_key
where s.event = '$groupidentify';
