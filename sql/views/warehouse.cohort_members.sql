-- The persons of each enabled cohort, worked out while reading: right from the commit of a merge, and as time passes.
-- Cohorts that are not asked for are not worked out.
create or replace view warehouse.cohort_members as
select
    c.team_id,
    c.cohort_id,
    c.name as cohort,
    p.person_id
from warehouse.cohort as c
cross join lateral ops.cohort_persons(c.cohort_id) as p
where c.is_enabled;

comment on view warehouse.cohort_members is
'The persons of each enabled cohort as of now, right from the commit of a merge and from when a cohort is changed';
comment on column warehouse.cohort_members.team_id is 'The project';
comment on column warehouse.cohort_members.cohort_id is 'The cohort''s number';
comment on column warehouse.cohort_members.cohort is 'The cohort''s name';
comment on column warehouse.cohort_members.person_id is 'A living person that belongs to it now';

grant select on warehouse.cohort_members to auditor;  -- noqa: PRS
