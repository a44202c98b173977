-- The planner must see how few the events are that change properties.
analyze staging.property_event;
