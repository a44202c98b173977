-- The planner must see how large this batch is.
analyze staging.event (
    landing_id, ordinal, team_id, distinct_id, uuid, other_id, is_merging, is_immediate, is_identify, is_personless,
    is_personless_by_default, may_upgrade, has_property_operations
);
