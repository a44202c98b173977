-- So are the ids.
delete from warehouse.person_distinct_id
using staging.withdrawn_id as i
where
    warehouse.person_distinct_id.team_id = i.team_id
    and warehouse.person_distinct_id.distinct_id = i.distinct_id;
