-- Delete every row of a project, and how many were in each table. Every table with a team_id is looked at, so that one
-- that is made later is not forgotten; those that refer to others come first. What has no team_id goes with the row
-- that it belongs to. The record of erasures and of removals stays: they name nobody.
create or replace function ops.delete_project_rows(project bigint)
returns table (name text, deleted bigint)
language plpgsql
as $$
begin
    delete from ops.set_apart as a
    using quarantine.event as q
    where a.landing_id = q.landing_id and q.team_id = project;
    delete from warehouse.cohort_alternative as a
    using warehouse.cohort as c
    where a.cohort_id = c.cohort_id and c.team_id = project;
    delete from warehouse.cohort_distinct_id as d
    using warehouse.cohort as c
    where d.cohort_id = c.cohort_id and c.team_id = project;
    -- Rows of no table with a team_id; of which project they speak, nobody can tell.
    update ops.check_result
    set examples = '[]'
    where examples <> '[]';
    for name in
        select format('%I.%I', n.nspname, c.relname)
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'team_id'
        where
            n.nspname in ('landing', 'buffer', 'quarantine', 'warehouse', 'ops')
            and c.relkind in ('r', 'p')
            and not c.relispartition
            and (n.nspname, c.relname) not in (
                ('ops', 'erasure'), ('ops', 'removed_project'), ('ops', 'moved_project')
            )
        order by
            exists (select from pg_constraint as f where f.contype = 'f' and f.conrelid = c.oid) desc,
            n.nspname,
            c.relname
    loop
        execute format('delete from %s where team_id = $1', name) using project;
        get diagnostics deleted = row_count;
        if deleted > 0 then
            return next;
        end if;
    end loop;
end;
$$;
