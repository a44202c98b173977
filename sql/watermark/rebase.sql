-- Make the watermark comparable with this server's transaction ids again.
select ops.rebase_watermark() as xid_offset;
