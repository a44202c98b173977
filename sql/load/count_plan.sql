-- What the ledger needs besides the numbers of rows written.
select
    (select count(*) from staging.event) as staged,
    (select count(*) from staging.excluded as x where x.kind = 'duplicate') as duplicate,
    (select count(*) from staging.excluded as x where x.kind = 'quarantined') as quarantined_planned,
    (
        select count(*)
        from buffer.released_event as r
        where r.released_by_batch_id = %(batch_id)s::bigint and r.is_rescued
    ) as rescued,
    (select count(*) from staging.person as p where p.is_new) as persons_created,
    (select count(*) from staging.person as p where p.merged_into is not null) as persons_merged;
