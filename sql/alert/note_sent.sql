-- It was sent to the channel.
insert into ops.alert_notice (alert_id, channel, is_resolved)
values (%(alert_id)s::bigint, %(channel)s::text, %(is_resolved)s::boolean)
on conflict do nothing;
