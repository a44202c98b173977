-- The planner must see how large this batch is.
analyze staging.event;
