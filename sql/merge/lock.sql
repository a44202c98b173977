-- Two decisions about one refusal come one after the other.
select pg_advisory_xact_lock(hashtextextended('merge decision ' || %(uuid)s::text, 0));
