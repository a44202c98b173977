-- Forget the days that the report no longer shows.
delete from ops.report_day
where day < %(since)s::date;
