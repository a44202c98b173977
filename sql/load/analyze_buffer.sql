-- The planner of the next batch must see how many events are held: none at one batch, very many at the next.
analyze buffer.event;
