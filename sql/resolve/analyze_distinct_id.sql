-- The planner must see how many ids there are, and how many have no person: at first perhaps none has one, after the
-- births nearly all. With the statistics from before, it reads the batch once for every id.
analyze staging.distinct_id;
