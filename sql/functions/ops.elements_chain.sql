-- The chain of an event's elements as text: its own $elements_chain, else made of $elements, else null; empty where
-- $elements is no array. PostHog: elements-chain.ts and getElementsChain in create-event.ts.
create or replace function ops.elements_chain(properties jsonb)
returns text
language sql
immutable
as $$
select case
    when jsonb_typeof(properties -> '$elements_chain') = 'string' and properties ->> '$elements_chain' <> ''
        then properties ->> '$elements_chain'
    when jsonb_typeof(properties -> '$elements') = 'array'
        then (
            select coalesce(string_agg(ops.element_text(e.element), ';' order by e.place), '')
            from jsonb_array_elements(properties -> '$elements') with ordinality as e (element, place)
            where jsonb_typeof(e.element) = 'object'
        )
    when properties ?| array['$elements', '$elements_chain'] then ''
end
$$;
