-- Remove what a run that did not get to its end wrote ahead of its commit.
select ops.forget_written_ahead();
