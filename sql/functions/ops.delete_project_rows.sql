-- Delete every row of a project, and how many were in each table; those that refer to others come first. What has no
-- team_id goes with the row that it belongs to.
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
        select t.name
        from ops.project_tables() as t
        order by t.is_referring desc, t.name
    loop
        execute format('delete from %s where team_id = $1', name) using project;
        get diagnostics deleted = row_count;
        if deleted > 0 then
            return next;
        end if;
    end loop;
end;
$$;
