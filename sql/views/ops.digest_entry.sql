-- All that must come out the same for every cut of the log into batches, as text: `etl digest` hashes it and
-- `etl rebuild` compares it. A key begins with the project. Times in microseconds since 1970.
create or replace view ops.digest_entry as
select
    'persons' as section,
    format('%s %s', team_id, person_id) as key,
    format(
        'distinct id %s, created %s by %s, identified %s, merged into %s',
        distinct_id, (extract(epoch from created_at) * 1000000)::bigint, created_by_uuid, is_identified, merged_into
    ) as value
from warehouse.person
union all
select
    'properties' as section,
    format('%s %s', team_id, person_id) as key,
    properties::text as value
from warehouse.person
where merged_into is null
union all
select
    'distinct ids' as section,
    format('%s %s', team_id, distinct_id) as key,
    format('%s, first seen %s', person_id, (extract(epoch from first_seen_at) * 1000000)::bigint) as value
from warehouse.person_distinct_id
where not is_personless
union all
select
    'events' as section,
    format('%s %s %s %s', team_id, uuid, distinct_id, event) as key,
    coalesce(person_id::text, 'nobody') as value
from warehouse.events
union all
-- By name: numbers of actions are those of a database.
select
    'actions' as section,
    format('%s %s %s %s %s', team_id, action, uuid, distinct_id, event) as key,
    'found' as value
from warehouse.action_events
union all
select
    'merges' as section,
    format('%s %s %s %s', team_id, uuid, distinct_id, event) as key,
    format(
        '%s, other id %s, %s and %s, then %s',
        outcome, source_distinct_id, target_person_id, source_person_id, person_id
    ) as value
from warehouse.merge
union all
select
    'groups' as section,
    format('%s %s %s', team_id, group_type, group_key) as key,
    properties::text as value
from warehouse.group_profile
union all
select
    'held events' as section,
    format('%s %s %s %s', team_id, uuid, distinct_id, event) as key,
    format('due %s', (extract(epoch from due_at) * 1000000)::bigint) as value
from buffer.event
union all
select
    'quarantined events' as section,
    format('%s %s', team_id, landing_id) as key,
    coalesce(reasons #>> '{0,expectation}', '') as value
from quarantine.event;

comment on view ops.digest_entry is
'All that must come out the same for every cut of landing into batches, as text: etl digest hashes it, etl rebuild '
'compares it';

grant select on ops.digest_entry to auditor;
