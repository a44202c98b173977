-- The planner must see the plan as it is now that persons are known; load joins all of it.
analyze staging.distinct_id, staging.person, staging.tie, staging.override, staging.merge;
