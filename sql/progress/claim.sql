-- Make the plan this run's: a run that was given up cannot add to it any more. Waits for what it has under way.
update staging.progress
set claim = pg_current_xact_id()::text::bigint
returning claim;
