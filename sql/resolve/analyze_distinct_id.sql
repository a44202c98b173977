-- The planner must see how many ids there are, and how many have no person.
analyze staging.distinct_id;
