-- For a trial that is rolled back: of the held events that are due, only these are there.
delete from buffer.event
where due_at <= %(as_of)s::timestamptz and landing_id <> all(%(landing_ids)s::bigint[]);
