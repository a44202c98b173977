-- Every override leads from a person that is no more to one that lives: never to another override.
select
    team_id,
    old_person_id,
    person_id
from ops.broken_override;
