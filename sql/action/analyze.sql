-- Readers plan by the number of chains from the commit on, not from when autovacuum comes by.
analyze warehouse.action, warehouse.action_step, warehouse.action_filter, warehouse.matched_chain;
