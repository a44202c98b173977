-- They did nothing, and are no part of the lineage.
delete from staging.merge
where outcome = 'over_limit';
