-- The reason of a refused row without what it may repeat of the row: of a tracking plan the place that does not fit is
-- left, of an error the step that failed. Reasons of other expectations are their own text.
create or replace function ops.without_values(reason jsonb)
returns jsonb
language sql
immutable
as $$
select case
    when reason ->> 'expectation' like 'plan:%' or reason ->> 'expectation' = 'not_processable'
        then
            reason
            || jsonb_build_object('reason', split_part(reason ->> 'reason', ': ', 1) || ': (erased)')
    else reason
end
$$;
