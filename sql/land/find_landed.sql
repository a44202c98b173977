-- Files that were landed and not undone since: by their content, else by the name they were landed under.
select
    f.sha256,
    f.name,
    f.landed,
    coalesce(f.landed_at, f.started_at) as landed_at
from (
    select
        n.*,
        n.sha256 in (%(sha256)s::text, %(text)s::text) as is_same
    from ops.landed_file as n
    where n.team_id = %(team_id)s::bigint and n.undone_at is null
) as f
where
    coalesce(f.is_same, false)
    or (
        (f.name = %(text)s::text or right(f.name, length(%(text)s::text) + 1) = '/' || %(text)s::text)
        and not exists (
            select from ops.landed_file as o
            where
                o.team_id = %(team_id)s::bigint
                and o.undone_at is null
                and o.sha256 in (%(sha256)s::text, %(text)s::text)
        )
    )
order by landed_at desc;
