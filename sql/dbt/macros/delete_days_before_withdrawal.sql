{% macro delete_days_before_withdrawal() %}
    -- A day that an undone file leaves without events is worked out as no row, which replaces none. After a run that has
    -- seen the withdrawal all other rows are newer than it.
    delete from {{ this }}
    where as_of_batch_id < (
        select max(w.batch_id)
        from {{ source('ops', 'withdrawal') }} as w
        where w.batch_id <= (select max(d.as_of_batch_id) from {{ this }} as d)
    )
{% endmacro %}
