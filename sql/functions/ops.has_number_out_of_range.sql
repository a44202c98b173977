-- Whether a value holds a number that double precision has no room for: PostgreSQL keeps 1e131071 in a few bytes, and
-- writes it out in 131,072 digits. Texts take one comparison, numbers three.
create or replace function ops.has_number_out_of_range(value jsonb)
returns boolean
language sql
immutable
as $$
select
    coalesce(
        jsonb_path_exists(
            value, 'strict $.** ? (@ != 0) ? (@ > 1.8e308 || @ < 1e-324) ? (@ > -1e-324 || @ < -1.8e308)'
        ),
        false
    )
$$;
