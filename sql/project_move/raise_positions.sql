-- Room for the project's positions: up to them, and one transaction more.
select ops.raise_positions(
    %(upper_xid)s::text::bigint - (select w.xid::text::bigint from ops.watermark as w) + 1,
    %(lower_landing_id)s::bigint,
    %(upper_landing_id)s::bigint
);
