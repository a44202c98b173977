-- Room to sort and hash one batch's narrow rows in memory, and small samples for the planner; for this transaction
-- only.
select
    set_config('work_mem', '128MB', true),
    set_config('default_statistics_target', '20', true);
