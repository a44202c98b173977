-- The whole warehouse: the same numbers as load measures for the ids of a batch.
select
    (select count(*) from warehouse.person_distinct_id) as evaluated,
    i.without_person as ids_without_living_person,
    i.disagreeing as ids_that_disagree,
    (
        select count(*)
        from warehouse.person_override as a
        inner join warehouse.person_override as b on a.team_id = b.team_id and a.person_id = b.old_person_id
    ) as override_chains,
    (
        select count(*)
        from (
            select 1
            from warehouse.person as p
            group by p.team_id, p.person_id
            having count(*) > 1
        ) as d
    ) as doubled_person_ids
from (
    select
        count(*) filter (where w.person_id is null or w.merged_into is not null) as without_person,
        count(*) filter (
            where exists (
                select from warehouse.person_override as o
                where o.team_id = m.team_id and o.old_person_id = m.person_id
            )
        ) as disagreeing
    from warehouse.person_distinct_id as m
    left join warehouse.person as w on m.team_id = w.team_id and m.person_id = w.person_id
    where not m.is_personless
) as i;
