-- What every merging event did to which persons, or why it was refused.
create or replace view warehouse.merges as  -- noqa: PRS
select
    team_id,
    uuid,
    event,
    "timestamp",
    distinct_id,
    source_distinct_id,
    outcome,
    reason,
    target_person_id,
    source_person_id,
    person_id,
    batch_id,
    landing_id
from warehouse.merge;

comment on view warehouse.merges is
'One row a merging event ($identify, $create_alias, $merge_dangerously, $split): what it did to which persons, or why '
'it was refused';
comment on column warehouse.merges.team_id is 'The project';
comment on column warehouse.merges.uuid is 'The event''s uuid, as sent; with name and distinct id its identity';
comment on column warehouse.merges.event is 'The event''s name: $identify, $create_alias, $merge_dangerously, $split';
comment on column warehouse.merges."timestamp" is
'When it happened, UTC: the client''s clock, corrected by its own sent_at';
comment on column warehouse.merges.distinct_id is 'The event''s own distinct id, whose person stays';
comment on column warehouse.merges.source_distinct_id is 'The other id that the event names';
comment on column warehouse.merges.outcome is
'created: neither id had a person; attached: one had; merged: two became one; no-op: one already; split: distinct_id '
'left the person of source_distinct_id; refused: see reason';
comment on column warehouse.merges.reason is 'Why it was refused; null unless refused';
comment on column warehouse.merges.target_person_id is
'The person of distinct_id just before the event; null: it had none';
comment on column warehouse.merges.source_person_id is
'The person of source_distinct_id just before the event; null: it had none';
comment on column warehouse.merges.person_id is 'The person of distinct_id just after the event, as it was then';
comment on column warehouse.merges.batch_id is 'The batch that loaded it: ops.batch';
comment on column warehouse.merges.landing_id is 'Its row in landing.event, increasing by arrival';

grant select on warehouse.merges to auditor;  -- noqa: PRS
