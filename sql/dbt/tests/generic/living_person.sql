{% test living_person(model, column_name) %}
    -- Whoever is named is a person that lives: no unknown one, and none that was merged away.
    with named as (
        select *
        from {{ model }}
    )

    select
        n.team_id,
        n.{{ column_name }}
    from named as n
    where
        n.{{ column_name }} is not null
        and not exists (
            select from {{ source('warehouse', 'persons') }} as p
            where p.team_id = n.team_id and p.person_id = n.{{ column_name }} and p.merged_into is null
        )
{% endtest %}
