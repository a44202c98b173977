-- The planner must see how many ids there are.
analyze staging.distinct_id;
