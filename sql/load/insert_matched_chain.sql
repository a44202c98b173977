-- Note the steps that chains meet: of those whose selector and tag fit, the ones whose text and link fit too.
insert into warehouse.matched_chain (chain_hash, step_ids)
select
    hashtextextended(c.chain collate "C", 0) as chain_hash,
    array(
        select s.step_id
        from warehouse.action_step as s
        where
            s.step_id = any(c.step_ids)
            and (
                s.text is null
                or exists (
                    select from unnest(c.texts) as t (text) where ops.text_matches(t.text, s.text, s.text_matching)
                )
            )
            and (
                s.href is null
                or exists (
                    select from unnest(c.links) as l (href) where ops.text_matches(l.href, s.href, s.href_matching)
                )
            )
        order by s.step_id
    ) as step_ids
from jsonb_to_recordset(%(chains)s::jsonb) as c (chain text, step_ids bigint[], texts text[], links text[])
on conflict do nothing;
