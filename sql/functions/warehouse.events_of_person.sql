-- All events of a person: those of the distinct ids that belong to it now, by their index, so it is right after merges
-- and splits; person_id has no index, because the present one is worked out while reading. Asked for a person that was
-- merged away, it gives the events of the one that it has become. In no order.
create or replace function warehouse.events_of_person(of_team_id bigint, of_person_id uuid)
returns table (
    team_id bigint,
    uuid uuid,
    event text,
    distinct_id text,
    person_id uuid,
    "timestamp" timestamptz,
    properties jsonb,
    groups jsonb,
    elements_chain text,
    person_id_at_load uuid,
    person_mode text,
    ip text,
    sent_at text,
    received_at timestamptz,
    batch_id bigint,
    landing_id bigint
)
language sql
stable
as $$
select e.*
from warehouse.person_distinct_id as d
inner join warehouse.events as e on d.team_id = e.team_id and d.distinct_id = e.distinct_id
where
    d.team_id = of_team_id
    and d.person_id = coalesce(
        (
            select p.merged_into
            from warehouse.person as p
            where p.team_id = of_team_id and p.person_id = of_person_id
        ),
        of_person_id
    )
    and e.event <> '$split' -- which is nobody's
$$;

comment on function warehouse.events_of_person(bigint, uuid) is
'All events of a person, with the columns of warehouse.events, right after merges and splits; fast, because it goes by '
'its distinct ids. Of a person that was merged away: those of the one that it has become';
