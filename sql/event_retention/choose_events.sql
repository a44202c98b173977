-- The next events of the range, in the order of their index. Never before landing's: as long as a row is there, a
-- replay of landing loads it again, and etl land --undo takes it out.
insert into staging.dropped_event (team_id, distinct_id, "timestamp", landing_id)
select
    e.team_id,
    e.distinct_id,
    e."timestamp",
    e.landing_id
from warehouse.stored_event as e
where
    e."timestamp" >= %(since_at)s::timestamptz
    and e."timestamp" < %(until_at)s::timestamptz
    and (e.team_id, e.distinct_id, e."timestamp")
    > (%(after_team_id)s::bigint, %(after_distinct_id)s::text, %(after_timestamp)s::timestamptz)
    and exists (select from ops.dropped_landing as d where d.day = (e.received_at at time zone 'UTC')::date)
    and e.batch_id is distinct from (select b.batch_id from ops.batch as b where b.status = 'open')
order by e.team_id, e.distinct_id, e."timestamp"
fetch first (%(at_most)s::bigint) rows with ties;
