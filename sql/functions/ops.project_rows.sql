-- The rows of a project in a table, each as an object; of landing those that are processed.
create or replace function ops.project_rows(project bigint, name text)
returns setof jsonb
language plpgsql
stable
as $$
begin
    return query execute format(
        'select to_jsonb(t) from %s as t where t.team_id = $1%s',
        name::regclass,
        case
            when name = 'landing.event'
                then ' and (t.xid, t.landing_id) <= (select w.xid, w.landing_id from ops.watermark as w)'
            else ''
        end
    ) using project;
end;
$$;
