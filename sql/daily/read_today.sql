-- The server's day, in UTC.
select current_date as today;
