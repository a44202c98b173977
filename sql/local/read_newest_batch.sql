-- The newest loaded batch (0: none yet), and whether anything was ever landed here.
select
    coalesce((
        select max(batch_id) from ops.batch
        where status = 'loaded'
    ), 0) as batch_id,
    exists (select from landing.event)
    or exists (
        select from ops.batch
        where landed > 0
    ) as has_landed;
