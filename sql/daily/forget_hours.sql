-- Five weeks are enough to compare with.
delete from ops.event_hour
where hour_at < (%(today)s::date - 36)::timestamp at time zone 'UTC';
