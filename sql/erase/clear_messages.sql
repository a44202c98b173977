-- Texts that the program has written about rows.
with alert as (
    update ops.alert
    set message = ops.without_ids(message, %(ids)s::text[])
    where ops.without_ids(message, %(ids)s::text[]) <> message
),

failure as (
    update ops.step_failure
    set error = ops.without_ids(error, %(ids)s::text[])
    where ops.without_ids(error, %(ids)s::text[]) <> error
),

incident as (
    update ops.incident
    set detail = ops.without_ids(detail, %(ids)s::text[])
    where ops.without_ids(detail, %(ids)s::text[]) <> detail
),

apart as (
    update ops.set_apart
    set
        error = ops.without_ids(error, %(ids)s::text[]),
        reason = reason || jsonb_build_object('reason', ops.without_ids(reason ->> 'reason', %(ids)s::text[]))
    where
        ops.without_ids(error, %(ids)s::text[]) <> error
        or ops.names_id(reason, %(ids)s::text[])
)

update ops.rebuild_run
set difference = ops.without_ids(difference, %(ids)s::text[])
where ops.without_ids(difference, %(ids)s::text[]) <> difference;
