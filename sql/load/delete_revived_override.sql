-- A person that a split brought back to life is itself again.
delete from warehouse.person_override
using staging.revived_person as v
where
    warehouse.person_override.team_id = v.team_id
    and warehouse.person_override.old_person_id = v.person_id;
