-- Who a distinct id was at a moment.
select warehouse.person_at(%(team_id)s::bigint, %(distinct_id)s::text, %(at)s::timestamptz) as person_id;
