{% macro rename_erased_persons() %}
    -- Days of which retention has dropped events are not worked out again: there an erased person gets an id that says
    -- nothing, the same on all of these days, so that they still count one person. Its first digits tell that it is such.
    update {{ this }}
    set person_id = n.person_id
    from (
        select
            d.team_id,
            d.person_id as former_person_id,
            ('00000000-0000-8000-8000-' || left(md5(gen_random_uuid()::text), 12))::uuid as person_id
        from {{ this }} as d
        inner join {{ source('ops', 'dropped_events') }} as x on d.day = x.day
        where
            d.person_id::text not like '00000000-0000-8000-8000-%'
            and not exists (
                select from {{ source('warehouse', 'persons') }} as p
                where p.team_id = d.team_id and p.person_id = d.person_id
            )
        group by d.team_id, d.person_id
        having min(d.as_of_batch_id) < (
            select max(r.batch_id)
            from {{ source('ops', 'erasure') }} as r
        )
    ) as n
    where {{ this }}.team_id = n.team_id and {{ this }}.person_id = n.former_person_id
{% endmacro %}
