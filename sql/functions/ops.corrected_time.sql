-- A client's time, less what its clock was ahead; null beyond the years that PostgreSQL and Python both know.
create or replace function ops.corrected_time(written_at timestamptz, clock_skew interval)
returns timestamptz
language sql
stable
as $$
select case
    when clock_skew is null then written_at
    when
        extract(epoch from written_at) - extract(epoch from clock_skew)
        between -62000000000 and 253000000000 then written_at - clock_skew
end
$$;
