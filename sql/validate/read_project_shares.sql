-- Shares of the rows of each project that had one refused: of this batch or of the last hour on the arrival clock, this
-- batch included, whichever is less. So small batches are judged by their past as well, and a batch that is good itself
-- never for its past.
select
    n.team_id,
    h.written,
    h.captured,
    least(
        n.refused::double precision / nullif(n.written, 0),
        h.refused / nullif(h.written, 0)
    ) as refused_share,
    least(
        n.without_distinct_id::double precision / nullif(n.written, 0),
        h.without_distinct_id / nullif(h.written, 0)
    ) as missing_distinct_id_share,
    least(
        n.captured_refused::double precision / nullif(n.captured, 0),
        h.captured_refused / nullif(h.captured, 0)
    ) as captured_refused_share
from staging.batch_project as n
cross join
    lateral (
        select
            n.written + coalesce(sum(p.written), 0)::double precision as written,
            n.refused + coalesce(sum(p.refused), 0)::double precision as refused,
            n.without_distinct_id + coalesce(sum(p.without_distinct_id), 0)::double precision as without_distinct_id,
            n.captured + coalesce(sum(p.captured), 0)::double precision as captured,
            n.captured_refused + coalesce(sum(p.captured_refused), 0)::double precision as captured_refused
        from ops.batch_project as p
        inner join ops.batch as b on p.batch_id = b.batch_id
        where
            p.team_id = n.team_id
            and p.batch_id < %(batch_id)s::bigint
            and b.arrival_clock > %(arrival_clock)s::timestamptz - interval '1 hour'
    ) as h
where n.refused + n.without_distinct_id + n.captured_refused > 0
order by n.team_id;
