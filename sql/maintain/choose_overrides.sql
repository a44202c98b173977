-- A bounded number of overrides to fold away in one transaction.
insert into staging.squash (team_id, old_person_id)
select
    team_id,
    old_person_id
from warehouse.person_override
order by team_id, old_person_id
limit %(at_most)s::bigint;
