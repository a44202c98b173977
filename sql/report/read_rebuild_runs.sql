-- The last replays of landing, the newest first.
select
    rebuilt_at,
    landed,
    missing,
    seconds,
    difference
from ops.rebuild_run
order by run_id desc
limit 5;
