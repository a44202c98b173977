-- What has not been seen for some hours is over since it was last seen.
update ops.incident
set over_at = last_at
where over_at is null and last_at < %(until)s::timestamptz - make_interval(hours => %(hours)s::integer);
