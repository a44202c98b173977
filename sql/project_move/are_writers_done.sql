-- Whether every transaction has ended that was there before another one.
select pg_snapshot_xmin(pg_current_snapshot()) > %(xid)s::xid8 as is_so;
