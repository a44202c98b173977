-- Positions in the fresh database are of the same server, shifted as in the other one.
update ops.watermark
set xid_offset = %(xid_offset)s::bigint
where is_only;
