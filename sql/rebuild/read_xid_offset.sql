-- How positions are shifted against this server's transaction ids.
select xid_offset
from ops.watermark;
