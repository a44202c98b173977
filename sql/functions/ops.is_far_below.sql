-- Whether an hour has far fewer events than its median hour: at most a share of them, and fewer by a number of
-- deviations. A deviation is 1.4826 times the median absolute one, which is the standard deviation of what scatters
-- normally, and no less than that of a count.
create or replace function ops.is_far_below(
    events bigint,
    expected double precision,
    spread double precision,
    max_share double precision,
    deviations double precision
)
returns boolean
language sql
immutable
as $$
select events <= expected * max_share and expected - events > deviations * greatest(1.4826 * spread, sqrt(expected))
$$;
