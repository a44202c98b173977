-- The file and its ranges count as never landed.
with ranges as (
    update ops.landed_range
    set undone_at = now()
    where team_id = %(team_id)s::bigint and sha256 = %(sha256)s::text and undone_at is null
    returning xid, first_landing_id
)

update ops.landed_file
set undone_at = now()
where team_id = %(team_id)s::bigint and sha256 = %(sha256)s::text
returning (select count(*) from ranges) as ranges;
