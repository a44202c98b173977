-- Forget the plan of the batch before, or of a crashed run.
select staging.clear();
