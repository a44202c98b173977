-- The persons active on each day (UTC), right after merges, splits, late events, undone files and erased persons: a run
-- works out anew the days that any of them touched since the last one. All of it is one statement, so it sees one state
-- of the warehouse, and the next run goes on from that state's newest batch. A day of which retention has dropped events
-- stays as it was counted.
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='day',
        on_schema_change='fail',
        indexes=[{'columns': ['day']}],
        post_hook=["{{ delete_days_without_events() }}", "{{ rename_erased_persons() }}"]
    )
}}

{% if is_incremental() %}
with known as (
    select coalesce(max(d.as_of_batch_id), 0) as batch_id
    from {{ this }} as d
),

new_batch as (
    select
        min(b.batch_id) as first_batch_id,
        min(b.opened_at) as opened_at
    from {{ source('ops', 'batch') }} as b
    where b.status = 'loaded' and b.batch_id > (select k.batch_id from known as k)
),

touched as materialized (
    -- The days of new events, however late they come.
    select (e."timestamp" at time zone 'UTC')::date as day
    from {{ source('warehouse', 'events') }} as e
    where e.batch_id >= (select n.first_batch_id from new_batch as n)
    union
    -- All days of the ids whose person has changed: merges and splits. By the ids and not by
    -- warehouse.person_overrides, because maintenance folds overrides away.
    select (e."timestamp" at time zone 'UTC')::date as day
    from {{ source('warehouse', 'person_distinct_ids') }} as i
    inner join {{ source('warehouse', 'events') }} as e on i.team_id = e.team_id and i.distinct_id = e.distinct_id
    where i.updated_at >= (select n.opened_at from new_batch as n)
    union
    -- All days, where events themselves were changed: a file was taken out, a person erased.
    select d.day
    from {{ this }} as d
    where
        exists (
            select from {{ source('ops', 'withdrawal') }} as w
            where w.batch_id >= (select n.first_batch_id from new_batch as n)
        )
        or exists (
            select from {{ source('ops', 'erasure') }} as r
            where r.batch_id >= (select n.first_batch_id from new_batch as n)
        )
)
{% endif %}

select
    e.team_id,
    (e."timestamp" at time zone 'UTC')::date as day,
    e.person_id,
    count(*) as events,
    min(e."timestamp") as first_event_at,
    max(e."timestamp") as last_event_at,
    (
        select max(b.batch_id)
        from {{ source('ops', 'batch') }} as b
        where b.status = 'loaded'
    ) as as_of_batch_id
{% if is_incremental() %}
from (
    select d.day
    from touched as d
    where not exists (select from {{ source('ops', 'dropped_events') }} as x where x.day = d.day)
) as t
-- `offset 0` keeps it a loop over the days, each of which reads its own partition.
cross join lateral (
    select
        w.team_id,
        w.person_id,
        w."timestamp"
    from {{ source('warehouse', 'events') }} as w
    where
        w."timestamp" >= t.day::timestamp at time zone 'UTC'
        and w."timestamp" < (t.day + 1)::timestamp at time zone 'UTC'
    offset 0
) as e
{% else %}
from {{ source('warehouse', 'events') }} as e
{% endif %}
where e.person_id is not null
group by e.team_id, (e."timestamp" at time zone 'UTC')::date, e.person_id
