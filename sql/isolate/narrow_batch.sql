-- For a trial that is rolled back: the open batch takes only the rows between two positions.
update ops.batch
set
    lower_xid = %(lower_xid)s::xid8,
    lower_landing_id = %(lower_landing_id)s::bigint,
    upper_xid = %(upper_xid)s::xid8,
    upper_landing_id = %(upper_landing_id)s::bigint,
    landed = %(landed)s::bigint
where batch_id = %(batch_id)s::bigint;
