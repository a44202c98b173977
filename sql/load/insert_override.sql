-- Rows loaded earlier resolve to the survivor from this commit on, without being rewritten.
insert into warehouse.person_override (team_id, old_person_id, person_id, batch_id)
select
    o.team_id,
    o.old_person_id,
    o.person_id,
    %(batch_id)s::bigint as batch_id
from staging.override as o
where
    not exists (
        select from staging.revived_person as v where v.team_id = o.team_id and v.person_id = o.old_person_id
    );
