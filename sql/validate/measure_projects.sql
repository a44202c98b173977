-- What the gate says of each project's rows, those that came through capture apart. Of rows that are set apart the
-- project is not known: nothing of them is read.
insert into staging.batch_project (
    batch_id, team_id, written, refused, without_distinct_id, captured, captured_refused, withheld
)
select
    %(batch_id)s::bigint as batch_id,
    e.team_id,
    count(*) filter (where not e.is_captured) as written,
    count(*) filter (where not e.is_captured and e.is_refused) as refused,
    count(*) filter (where not e.is_captured and e.distinct_id_length is null) as without_distinct_id,
    count(*) filter (where e.is_captured) as captured,
    count(*) filter (where e.is_captured and e.is_refused) as captured_refused,
    0 as withheld
from (
    select
        s.team_id,
        s.is_captured,
        s.distinct_id_length,
        s.refusal is not null or x.landing_id is not null as is_refused
    from staging.event as s
    left join staging.excluded as x on s.landing_id = x.landing_id
    where s.is_team_known and s.team_id is not null
) as e
group by e.team_id;
