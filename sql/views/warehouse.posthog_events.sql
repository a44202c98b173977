-- Events in the shape of PostHog's own events table: what an event lifts stands in its $set and $set_once, the ip in
-- $ip, the time of sending in $sent_at, and the person's properties are those of its time. All of it is made while
-- reading; for counts and funnels use warehouse.events.
create or replace view warehouse.posthog_events as
select
    e.uuid,
    e.event,
    l.properties
    || case
        when e.is_lifted
            then
                jsonb_build_object(
                    '$set', ops.event_set(l.properties), '$set_once', ops.event_set_once(l.properties)
                )
        else '{}'
    end
    || case
        when e.ip is not null and coalesce(l.properties ->> '$ip', '') = '' then jsonb_build_object('$ip', e.ip)
        else '{}'
    end
    || case when e.sent_at is not null then jsonb_build_object('$sent_at', e.sent_at) else '{}' end as properties,
    e."timestamp",
    e.team_id,
    e.distinct_id,
    coalesce(e.elements_chain, '') as elements_chain,
    e.received_at as created_at,
    i.person_id,
    p.created_at as person_created_at,
    warehouse.person_properties_as_of(e.team_id, e.distinct_id, e.uuid, e.event) as person_properties,
    e.person_mode,
    e.landing_id
from warehouse.stored_event as e
-- Unpacked once: else each of its readers unpacks a long payload anew.
cross join lateral (select e.properties #> '{}' as properties offset 0) as l  -- noqa: PRS
left join warehouse.person_override as o on e.team_id = o.team_id and e.person_id = o.old_person_id
-- As in warehouse.events.
cross join
    lateral (
        select
            case
                when e.event <> '$split'
                    then
                        coalesce(
                            o.person_id,
                            e.person_id,
                            (
                                select d.person_id
                                from warehouse.person_distinct_id as d
                                where d.team_id = e.team_id and d.distinct_id = e.distinct_id
                            )
                        )
            end as person_id
    ) as i
left join warehouse.person as p
    on e.team_id = p.team_id and i.person_id = p.person_id
-- As in warehouse.events: what the open batch has written ahead appears when it is closed.
where e.batch_id is distinct from (select b.batch_id from ops.batch as b where b.status = 'open');

comment on view warehouse.posthog_events is
'The same events in the shape of PostHog''s own events table, made while reading: use warehouse.events for counts and '
'funnels';
comment on column warehouse.posthog_events.uuid is 'The event''s uuid, as sent; with name and distinct id its identity';
comment on column warehouse.posthog_events.event is 'The event''s name';
comment on column warehouse.posthog_events.properties is
'As PostHog stores them: what the event lifts stands in $set and $set_once, the address in $ip, the time of sending '
'in $sent_at';
comment on column warehouse.posthog_events."timestamp" is
'When it happened, UTC: the client''s clock, corrected by its own sent_at';
comment on column warehouse.posthog_events.team_id is 'The project';
comment on column warehouse.posthog_events.distinct_id is 'Whose event it is, as sent: a user''s id, or a device''s';
comment on column warehouse.posthog_events.elements_chain is
'The clicked elements of an $autocapture from the innermost out, as PostHog writes them; empty where there are none';
comment on column warehouse.posthog_events.created_at is 'When the event arrived in landing, by the server''s clock';
comment on column warehouse.posthog_events.person_id is
'The living person that the event belongs to now; null: an event about nobody whose id has no person, or a $split';
comment on column warehouse.posthog_events.person_created_at is
'The time of the event that made its person; null without a person';
comment on column warehouse.posthog_events.person_properties is
'What its person was like as of the event, the event''s own $set included; empty for personless events';
comment on column warehouse.posthog_events.person_mode is
'full: processed with a person; propertyless: sent personless, changes no person; force_upgrade: sent personless '
'although its id had had a person for over a minute';
comment on column warehouse.posthog_events.landing_id is 'Its row in landing.event, increasing by arrival';

grant select on warehouse.posthog_events to auditor;  -- noqa: PRS
