-- The distinct id that a writer gave: at the top level, else $distinct_id, else distinct_id in the properties
-- (rust/capture/src/v0_request.rs); a blank one is none. One there that is too long to be written out is nobody's id:
-- it fails the gate as such.
create or replace function ops.given_distinct_id(distinct_id text, properties jsonb)
returns text
language sql
stable
as $$
select coalesce(
    case when not ops.is_blank(distinct_id) then distinct_id end,
    case
        when
            coalesce(pg_column_size(properties -> '$distinct_id'), 0)
            + coalesce(pg_column_size(properties -> 'distinct_id'), 0) > 4096
            then repeat('?', 401)
    end,
    case when not ops.is_blank(properties ->> '$distinct_id') then properties ->> '$distinct_id' end,
    case when not ops.is_blank(properties ->> 'distinct_id') then properties ->> 'distinct_id' end
)
$$;
