-- Why an event with the sentinel id of cookieless tracking is refused, if it is (cookieless-manager.ts).
create or replace function ops.cookieless_refusal(event text, mode text, age interval, traits text[])
returns text
language sql
stable
as $$
select case
    when mode = 'off' then 'cookieless_team_disabled'
    when event in ('$create_alias', '$merge_dangerously') then 'cookieless_unsupported_event'
    when event = '$identify' then 'cookieless_stateless_no_identify'
    when abs(extract(epoch from age)) > 259200 then 'cookieless_timestamp_out_of_range'
    when coalesce(traits[1], '') = '' then 'cookieless_missing_ua'
    when coalesce(traits[2], '') = '' then 'cookieless_missing_ip'
    when coalesce(traits[3], '') = '' then 'cookieless_missing_host'
end
$$;
