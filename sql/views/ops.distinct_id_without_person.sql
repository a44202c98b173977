-- Distinct ids that lead to no living person. One text: maintenance reads all of it, load what its batch touched.
create or replace view ops.distinct_id_without_person as
select
    m.team_id,
    m.distinct_id,
    m.person_id,
    p.merged_into
from warehouse.person_distinct_id as m
left join warehouse.person as p on m.team_id = p.team_id and m.person_id = p.person_id
where not m.is_personless and (p.person_id is null or p.merged_into is not null);

comment on view ops.distinct_id_without_person is
'Distinct ids whose person does not exist, or was merged away: none, ever';

grant select on ops.distinct_id_without_person to auditor;
