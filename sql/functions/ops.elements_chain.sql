-- The chain of an event's elements as text: its own $elements_chain, else made of $elements, else null; empty where
-- $elements is no array. PostHog: elements-chain.ts and getElementsChain in create-event.ts. One row for `from`: there
-- PostgreSQL puts the text in place of the call, and starts no query for each event.
create or replace function ops.elements_chain(properties jsonb)
returns table (chain text)
language sql
immutable
as $$
select case
    when jsonb_typeof(properties -> '$elements_chain') = 'string' and properties ->> '$elements_chain' <> ''
        then properties ->> '$elements_chain'
    when jsonb_typeof(properties -> '$elements') = 'array'
        then (
            select coalesce(string_agg(t.text, ';' order by e.place), '')
            from jsonb_array_elements(properties -> '$elements') with ordinality as e (element, place)
            cross join lateral ops.element_text(e.element) as t
            where jsonb_typeof(e.element) = 'object'
        )
    when properties ?| array['$elements', '$elements_chain'] then ''
end
$$;
