-- The merges that withdrawn events made are no part of the lineage any more.
delete from warehouse.merge
using staging.withdrawn_event as e
where
    warehouse.merge.team_id = e.team_id
    and warehouse.merge.distinct_id = e.distinct_id
    and warehouse.merge.uuid = e.uuid
    and warehouse.merge.event = e.event;
