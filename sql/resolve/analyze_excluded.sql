-- The planner must see that few rows are excluded, or that many are.
analyze staging.excluded;
