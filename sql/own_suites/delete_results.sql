-- What is no longer asked has no result.
delete from ops.check_result
where suite = %(suite)s::text and expectation = %(expectation)s::text;
