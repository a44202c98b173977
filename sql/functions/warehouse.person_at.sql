-- Who a distinct id was at a moment, by the arrival clock: what had landed by then, not what clients say happened by
-- then. Null: it had no person yet.
create or replace function warehouse.person_at(of_team_id bigint, of_distinct_id text, at timestamptz)
returns uuid
language sql
stable
as $$
select (array_agg(h.person_id order by h.place desc))[1]
from (
    select
        p.person_id,
        p.since_at,
        p.ordinality as place
    from warehouse.person_history(of_team_id, of_distinct_id) with ordinality as p
) as h
where h.since_at <= at
$$;

comment on function warehouse.person_at(bigint, text, timestamptz) is
'Who a distinct id was at a moment, by the arrival clock; null before it had a person.';
