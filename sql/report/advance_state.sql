-- The summaries hold these batches now.
update ops.report_state
set batch_id = %(newest)s::bigint;
