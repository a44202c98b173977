-- Forget the days that the report no longer shows.
delete from ops.report_lag
where day < %(since)s::date;
