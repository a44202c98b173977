-- The persons named after the ids are written anew.
delete from warehouse.person
using staging.withdrawn_id as i
where warehouse.person.team_id = i.team_id and warehouse.person.distinct_id = i.distinct_id;
