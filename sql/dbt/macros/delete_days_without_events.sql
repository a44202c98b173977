{% macro delete_days_without_events() %}
    -- A day that an undone file leaves without events is worked out as no row, which replaces none. Not a day of which
    -- retention has dropped events.
    delete from {{ this }}
    where
        as_of_batch_id < (
            select max(w.batch_id)
            from {{ source('ops', 'withdrawal') }} as w
        )
        and day in (
            select d.day
            from (
                select distinct t.day
                from {{ this }} as t
            ) as d
            where
                not exists (select from {{ source('ops', 'dropped_events') }} as x where x.day = d.day)
                and not exists (
                    select from {{ source('warehouse', 'events') }} as e
                    where
                        e."timestamp" >= d.day::timestamp at time zone 'UTC'
                        and e."timestamp" < (d.day + 1)::timestamp at time zone 'UTC'
                        and e.person_id is not null
                )
        )
{% endmacro %}
