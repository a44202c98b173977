-- Their events will carry the right person. No override of one of them leads elsewhere: whatever ties two ids is among
-- them.
delete from warehouse.person_override
using staging.withdrawn_id as i
where warehouse.person_override.team_id = i.team_id and warehouse.person_override.old_person_id = i.person_id;
