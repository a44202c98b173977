-- Forget the salts of days whose events are not accepted any more.
delete from landing.cookieless_salt
where day < (select (w.as_of at time zone 'UTC')::date - 4 from ops.watermark as w);
