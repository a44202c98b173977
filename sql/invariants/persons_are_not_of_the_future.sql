-- No living person was created later than a day from now.
select
    p.team_id,
    p.person_id,
    p.distinct_id,
    p.created_at
from warehouse.person as p
where p.merged_into is null and p.created_at > clock_timestamp() + interval '1 day';
