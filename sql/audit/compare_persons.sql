-- Events of a range of time whose person is not the one of their distinct id: the log has the digest of the distinct
-- ids, so who is counted rests on it. An event without person has that of its id in any case.
select
    e.batch_id,
    count(*) as differing,
    min(e.uuid::text) as example
from warehouse.stored_event as e
left join warehouse.person_override as o on e.team_id = o.team_id and e.person_id = o.old_person_id
left join warehouse.person_distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
where
    e."timestamp" >= %(since_at)s::timestamptz
    and e."timestamp" <= %(until_at)s::timestamptz
    and e.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
    and e.batch_id is distinct from (select b.batch_id from ops.batch as b where b.status = 'open')
    and e.person_id is not null
    and d.person_id is distinct from coalesce(o.person_id, e.person_id)
group by e.batch_id;
