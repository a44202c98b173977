-- Rules: what is stored of an event's payload, and what of it is said of its person.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- The payload as it is stored, for the few events where that is not as it landed. Elements go to a column of their own;
-- a personless event says nothing of a person or a group; an ip is kept only where the project says so.
create function ops.stored_properties(properties jsonb, is_personless boolean, is_ip_dropped boolean)
returns jsonb
language sql
immutable
as $$
select
    properties
    - '$elements'
    - '$elements_chain'
    - case
        when is_personless
            then array[
                '$set', '$set_once', '$unset', '$groups', '$group_0', '$group_1', '$group_2', '$group_3', '$group_4'
            ]
        else array[]::text[]
    end
    - case
        when properties -> '$cookieless_mode' = 'true' then array['$ip', '$raw_user_agent']
        when is_ip_dropped then array['$ip']
        else array[]::text[]
    end
$$;

-- One element: tag.class.class:key="value"key="value", classes and keys sorted, its text cut at 400 characters and its
-- link at 2048.
create function ops.element_text(element jsonb)
returns text
language sql
immutable
as $$
select
    coalesce(element ->> 'tag_name', '')
    || coalesce(
        (
            select string_agg('.' || replace(c.class, '"', ''), '' order by c.class collate "C")
            from (
                select w.class
                from regexp_split_to_table(
                    case when jsonb_typeof(element -> 'attr__class') = 'string' then element ->> 'attr__class' end,
                    '\s+'
                ) as w (class)
                union all
                select a.class
                from jsonb_array_elements_text(
                    case
                        when jsonb_typeof(element -> 'attr__class') = 'array' then element -> 'attr__class' else '[]'
                    end
                ) as a (class)
            ) as c
            where c.class <> ''
        ),
        ''
    )
    || ':'
    || (
        select string_agg(
            format('%s="%s"', replace(a.key, '"', '\"'), replace(a.value, '"', '\"')), '' order by a.key collate "C"
        )
        from (
            select
                'nth-child' as key,
                coalesce(element ->> 'nth_child', '0') as value
            union all
            select
                'nth-of-type' as key,
                coalesce(element ->> 'nth_of_type', '0') as value
            union all
            select
                'text' as key,
                left(element ->> '$el_text', 400) as value
            union all
            select
                'href' as key,
                left(element ->> 'attr__href', 2048) as value
            union all
            select
                'attr_id' as key,
                element ->> 'attr__id' as value
            union all
            select
                k.key,
                case jsonb_typeof(k.value)
                    when 'array' then (select string_agg(v.item, ',') from jsonb_array_elements_text(k.value) as v (item))
                    else k.value #>> '{}'
                end as value
            from jsonb_each(element) as k
            where k.key like 'attr\_\_%'
        ) as a
        where coalesce(a.value, '') <> ''
    )
$$;

-- The chain of an event's elements as text: its own $elements_chain, else made of $elements, else null; empty where
-- $elements is no array. PostHog: elements-chain.ts and getElementsChain in create-event.ts.
create function ops.elements_chain(properties jsonb)
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

-- What an event lifts to its person (etl/rules/properties.py): its values, as JSON, in the order of LIFTED there. $os_name
-- stands in for $os, and a server says nothing of its user's system.
create function ops.lifted_values(properties jsonb)
returns text[]
language sql
immutable
as $$
select
    array[
        (properties -> '$app_build')::text,
        (properties -> '$app_name')::text,
        (properties -> '$app_namespace')::text,
        (properties -> '$app_version')::text,
        (properties -> '$browser')::text,
        (properties -> '$browser_version')::text,
        (properties -> '$device_type')::text,
        (properties -> '$current_url')::text,
        (properties -> '$pathname')::text,
        (case
            when properties -> '$is_server' is distinct from 'true'
                then coalesce(nullif(properties -> '$os', 'null'), properties -> '$os_name')
        end)::text,
        (case when properties -> '$is_server' is distinct from 'true' then properties -> '$os_version' end)::text,
        (properties -> '$referring_domain')::text,
        (properties -> '$referrer')::text,
        (properties -> '$screen_height')::text,
        (properties -> '$screen_width')::text,
        (properties -> '$viewport_height')::text,
        (properties -> '$viewport_width')::text,
        (properties -> '$raw_user_agent')::text,
        (properties -> 'utm_source')::text,
        (properties -> 'utm_medium')::text,
        (properties -> 'utm_campaign')::text,
        (properties -> 'utm_content')::text,
        (properties -> 'utm_name')::text,
        (properties -> 'utm_term')::text,
        (properties -> 'gclid')::text,
        (properties -> 'gad_source')::text,
        (properties -> 'gclsrc')::text,
        (properties -> 'dclid')::text,
        (properties -> 'gbraid')::text,
        (properties -> 'wbraid')::text,
        (properties -> 'fbclid')::text,
        (properties -> 'msclkid')::text,
        (properties -> 'twclid')::text,
        (properties -> 'li_fat_id')::text,
        (properties -> 'mc_cid')::text,
        (properties -> 'igshid')::text,
        (properties -> 'ttclid')::text,
        (properties -> 'rdt_cid')::text,
        (properties -> 'irclid')::text,
        (properties -> '_kx')::text,
        (properties -> 'epik')::text,
        (properties -> 'qclid')::text,
        (properties -> 'sccid')::text
    ]
$$;

-- The app and device keys that events lift (etl/rules/properties.py), and what they depend on: one unpacking of a payload for
-- all of them.
create type ops.device_keys as (
    "$app_build" jsonb,
    "$app_name" jsonb,
    "$app_namespace" jsonb,
    "$app_version" jsonb,
    "$browser" jsonb,
    "$browser_version" jsonb,
    "$device_type" jsonb,
    "$current_url" jsonb,
    "$pathname" jsonb,
    "$os" jsonb,
    "$os_version" jsonb,
    "$referring_domain" jsonb,
    "$referrer" jsonb,
    "$screen_height" jsonb,
    "$screen_width" jsonb,
    "$viewport_height" jsonb,
    "$viewport_width" jsonb,
    "$raw_user_agent" jsonb,
    "$os_name" jsonb,
    "$is_server" jsonb
);

-- What an event sets of its person: what it lifts, and its own $set over that.
create function ops.event_set(properties jsonb)
returns jsonb
language sql
immutable
as $$
select
    coalesce(
        (
            select jsonb_object_agg(v.name, v.value::jsonb)
            from unnest(
                array[
                    '$app_build', '$app_name', '$app_namespace', '$app_version', '$browser', '$browser_version',
                    '$device_type', '$current_url', '$pathname', '$os', '$os_version', '$referring_domain',
                    '$referrer', '$screen_height', '$screen_width', '$viewport_height', '$viewport_width',
                    '$raw_user_agent', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_name',
                    'utm_term', 'gclid', 'gad_source', 'gclsrc', 'dclid', 'gbraid', 'wbraid', 'fbclid', 'msclkid',
                    'twclid', 'li_fat_id', 'mc_cid', 'igshid', 'ttclid', 'rdt_cid', 'irclid', '_kx', 'epik', 'qclid',
                    'sccid'
                ],
                ops.lifted_values(properties)
            ) as v (name, value)
            -- A null counts only of a campaign, which it ends.
            where v.value <> 'null' or (v.value is not null and v.name not like '$%')
        ),
        '{}'
    )
    || case when jsonb_typeof(properties -> '$set') = 'object' then properties -> '$set' else '{}' end
$$;

-- What an event sets once: the first of what it lifts, and its own $set_once over that.
create function ops.event_set_once(properties jsonb)
returns jsonb
language sql
immutable
as $$
select
    coalesce(
        (
            select jsonb_object_agg('$initial_' || ltrim(v.name, '$'), v.value::jsonb)
            from unnest(
                array[
                    '$app_build', '$app_name', '$app_namespace', '$app_version', '$browser', '$browser_version',
                    '$device_type', '$current_url', '$pathname', '$os', '$os_version', '$referring_domain',
                    '$referrer', '$screen_height', '$screen_width', '$viewport_height', '$viewport_width',
                    '$raw_user_agent', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_name',
                    'utm_term', 'gclid', 'gad_source', 'gclsrc', 'dclid', 'gbraid', 'wbraid', 'fbclid', 'msclkid',
                    'twclid', 'li_fat_id', 'mc_cid', 'igshid', 'ttclid', 'rdt_cid', 'irclid', '_kx', 'epik', 'qclid',
                    'sccid'
                ],
                ops.lifted_values(properties)
            ) as v (name, value)
            where v.value <> 'null'
        ),
        '{}'
    )
    || coalesce(
        (
            select jsonb_object_agg(o.key, o.value)
            from jsonb_each(
                case when jsonb_typeof(properties -> '$set_once') = 'object' then properties -> '$set_once' else '{}' end
            ) as o
            where o.value <> 'null'
        ),
        '{}'
    )
$$;

-- A person's properties after one more event, as etl/rules/properties.py has it for events in the order of their times.
create function ops.person_after(person jsonb, event text, said jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
    sets jsonb := ops.event_set(said);
    onces jsonb := ops.event_set_once(said);
    unsets text[] := case jsonb_typeof(said -> '$unset')
        when 'array'
            then array(
                select u.name #>> '{}'
                from jsonb_array_elements(said -> '$unset') as u (name)
                where jsonb_typeof(u.name) = 'string'
            )
        when 'object' then array(select jsonb_object_keys(said -> '$unset'))
        else array[]::text[]
    end;
    noisy constant text[] := array[
        '$browser', '$browser_version', '$device_type', '$current_url', '$pathname', '$os', '$os_version',
        '$referring_domain', '$referrer', '$screen_height', '$screen_width', '$viewport_height', '$viewport_width',
        '$raw_user_agent', '$geoip_accuracy_radius', '$geoip_city_confidence', '$geoip_country_confidence',
        '$geoip_latitude', '$geoip_longitude', '$geoip_postal_code', '$geoip_postal_code_confidence',
        '$geoip_subdivision_1_code', '$geoip_subdivision_1_confidence', '$geoip_subdivision_1_name',
        '$geoip_subdivision_2_code', '$geoip_subdivision_2_confidence', '$geoip_subdivision_2_name',
        '$geoip_subdivision_3_code', '$geoip_subdivision_3_name', '$geoip_time_zone', '$os_name'
    ];
    own jsonb := case when jsonb_typeof(said -> '$set') = 'object' then said -> '$set' else '{}' end;
    is_forced boolean := event in ('$identify', '$create_alias', '$merge_dangerously', '$set')
    or cardinality(unsets) > 0
    or exists (
        select from jsonb_each(sets) as s
        where s.key <> all(noisy) and (s.value <> 'null' or own ? s.key)
    );
    after jsonb := person;
    name text;
    value jsonb;
begin
    for name, value in select s.key, s.value from jsonb_each(sets) as s loop
        if name = any(unsets) and own ? name then
            after := case when person ? name then after - name else after || jsonb_build_object(name, value) end;
        elsif is_forced or name <> all(noisy) or coalesce(after -> name, 'null') = 'null' then
            after := after || jsonb_build_object(name, value);
        end if;
    end loop;
    for name, value in select s.key, s.value from jsonb_each(onces) as s loop
        if name = any(unsets) then
            if not sets ? name then
                after := case when person ? name then after - name else after || jsonb_build_object(name, value) end;
            end if;
        elsif coalesce(after -> name, 'null') = 'null' then
            after := after || jsonb_build_object(name, value);
        end if;
    end loop;
    return after - array(
        select u.name
        from unnest(unsets) as u (name)
        where not sets ? u.name and not onces ? u.name
    );
end;
$$;
