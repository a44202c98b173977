-- Telemetry never changes a person (PostHog: person-property-utils.ts), nor does what is about nobody, nor a personless
-- event, unless its id may turn out to have one.
create or replace function ops.may_change_person(event text, is_personless boolean, is_personless_by_default boolean)
returns boolean
language sql
immutable
as $body$
select
    (not is_personless or is_personless_by_default)
    and coalesce(event, '') not in ('$exception', '$$heatmap')
    and not coalesce(ops.is_about_nobody(event), false)
$body$;
