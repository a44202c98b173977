-- The keys that change with every page: NOISY of etl/rules/lifted.py, sorted.
create or replace function ops.noisy_names()
returns text[]
language sql
immutable
as $$
select array[
    '$browser', '$browser_version', '$current_url', '$device_type', '$geoip_accuracy_radius',
    '$geoip_city_confidence', '$geoip_country_confidence', '$geoip_latitude', '$geoip_longitude',
    '$geoip_postal_code', '$geoip_postal_code_confidence', '$geoip_subdivision_1_code',
    '$geoip_subdivision_1_confidence', '$geoip_subdivision_1_name', '$geoip_subdivision_2_code',
    '$geoip_subdivision_2_confidence', '$geoip_subdivision_2_name', '$geoip_subdivision_3_code',
    '$geoip_subdivision_3_name', '$geoip_time_zone', '$os', '$os_name', '$os_version', '$pathname',
    '$raw_user_agent', '$referrer', '$referring_domain', '$screen_height', '$screen_width', '$viewport_height',
    '$viewport_width'
]
$$;
