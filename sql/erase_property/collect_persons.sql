-- The living persons that have the property: folded again, from events that do not say it any more.
insert into staging.refolded_person (team_id, person_id)
select
    p.team_id,
    p.person_id
from warehouse.person as p
where
    p.team_id = %(team_id)s::bigint
    and p.merged_into is null
    and (
        p.properties ?| array[%(property)s::text, '$initial_' || %(property)s::text]
        or ops.state_has_key(p.property_state, %(property)s::text)
    );
