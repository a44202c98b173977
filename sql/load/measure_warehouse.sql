-- What must hold for the ids that the batch touched (of very many, for some), seen from inside the load's transaction.
select
    i.without_person as ids_without_living_person,
    i.disagreeing as ids_that_disagree,
    o.chains as override_chains,
    p.doubled as doubled_person_ids
from (
    select
        count(*) filter (where w.person_id is null or w.merged_into is not null) as without_person,
        count(*) filter (where m.person_id is distinct from d.person_id) as disagreeing
    from (
        select *
        from staging.distinct_id
        where person_id is not null
        limit 5000
    ) as d
    left join warehouse.person_distinct_id as m
        on d.team_id = m.team_id and d.distinct_id = m.distinct_id and not m.is_personless
    left join warehouse.person as w on d.team_id = w.team_id and d.person_id = w.person_id
) as i
cross join (
    select count(*) as chains
    from staging.override as s
    inner join warehouse.person_override as t on s.team_id = t.team_id and s.person_id = t.old_person_id
) as o
cross join (
    select count(*) as doubled
    from (
        select *
        from staging.person
        where is_new
        limit 5000
    ) as s
    inner join warehouse.person as w
        on s.team_id = w.team_id and s.person_id = w.person_id and s.distinct_id <> w.distinct_id
) as p;
