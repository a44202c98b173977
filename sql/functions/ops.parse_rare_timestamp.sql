-- The same as ops.parse_timestamp for what is not written as SDKs do: ISO 8601 in its other forms, RFC 2822 (N4 of
-- PostHog's capture, rust/common/types/src/timestamp.rs, and of its pipeline, timestamps.test.ts). Strict, because most
-- rows have no sent_at, and it is too long to be put in place of its call.
create or replace function ops.parse_rare_timestamp(written text)
returns timestamptz
language sql
stable
strict
as $$
select case
    -- Date, time, zone; each in the extended or the basic form.
    when
        written ~ (
            '^([0-9]{4}-[0-9]{2}-[0-9]{2}|(19[7-9]|20[0-9])[0-9]{5})'
            '([Tt ]([0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?|[0-9]{4}([0-9]{2}([.,][0-9]+)?)?)'
            '( ?([Zz]|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2})?)?|(UTC|GMT)[+-][0-9]{1,2}(:?[0-9]{2})?)'
            '(\[[A-Za-z0-9_+/-]+\])?)?)?$'
        )
        then (
            select case when pg_input_is_valid(n.iso, 'timestamptz') then n.iso::timestamptz end
            -- An offset speaks for itself: PostgreSQL would turn it round behind UTC or GMT. And of the basic form it
            -- takes most offsets, but not all.
            from (
                select regexp_replace(replace(written, ',', '.'), ' ?(UTC|GMT)?([+-][0-9:]+)?(\[.*)?$', '\2') as zoned
            ) as o
            cross join
                lateral (
                    select regexp_replace(o.zoned, '^([0-9]{4})([0-9]{2})([0-9]{2})', '\1-\2-\3') as dashed
                ) as d
            cross join lateral (select regexp_replace(d.dashed, '([Tt ][0-9]{2})([0-9]{2})', '\1:\2') as minutes) as m
            cross join
                lateral (
                    select regexp_replace(m.minutes, '([Tt ][0-9]{2}:[0-9]{2})([0-9]{2})', '\1:\2') as iso
                ) as n
        )
    when
        written ~ '^([A-Za-z]{3}, )?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9][0-9]:[0-9][0-9](:[0-9][0-9])? ([+-][0-9]{4}|GMT|UTC|Z)$'
        and pg_input_is_valid(written, 'timestamptz') then written::timestamptz
    when written ~ '^(?!0000)[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])-[1-7]$'
        then to_date(written, 'IYYY-"W"IW-ID')::timestamptz
    when
        written ~ '^(?!0000)[0-9]{4}-(?!000)[0-3][0-9][0-9]$'
        and right(written, 3)::integer <= extract(doy from make_date(left(written, 4)::integer, 12, 31))
        then (make_date(left(written, 4)::integer, 1, 1) + right(written, 3)::integer - 1)::timestamptz
end
$$;
