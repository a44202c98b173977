-- What must be the same on both shards, by section: see ops.digest_entry. Refused rows are named by landing ids there.
select
    d.section,
    count(*) as entries,
    bit_xor(hashtextextended(d.key || ' ' || d.value, 0)) as digest
from ops.digest_entry as d
where starts_with(d.key, %(team_id)s::bigint || ' ') and d.section <> 'quarantined events'
group by d.section
order by d.section;
