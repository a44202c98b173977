-- No row carries these persons any more.
delete from warehouse.person_override
using staging.squash as s
where
    warehouse.person_override.team_id = s.team_id
    and warehouse.person_override.old_person_id = s.old_person_id;
