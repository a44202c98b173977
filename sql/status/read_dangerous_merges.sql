-- How many persons $merge_dangerously has merged away in the last hour, by project.
select
    m.team_id,
    p.name as project,
    count(*) as persons
from warehouse.merge as m
left join landing.project as p on m.team_id = p.team_id
where
    m.event = '$merge_dangerously'
    and m.outcome = 'merged'
    and m.batch_id >= (
        select min(b.batch_id)
        from ops.batch as b
        where b.status = 'loaded' and b.loaded_at > clock_timestamp() - interval '1 hour'
    )
group by m.team_id, p.name
having count(*) > %(at_most)s::bigint
order by m.team_id;
