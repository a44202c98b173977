-- Forget the days that the report no longer shows.
delete from ops.report_active_id
where day < %(since)s::date;
