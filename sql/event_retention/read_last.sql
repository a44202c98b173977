-- Where the next share begins.
select
    d.team_id as after_team_id,
    d.distinct_id as after_distinct_id,
    -- Some times are none in Python.
    d."timestamp"::text as after_timestamp
from staging.dropped_event as d
order by d.team_id desc, d.distinct_id desc, d."timestamp" desc
limit 1;
