-- How schemas are changed: whoever is in the way is waited for 5 s, not forever; and a function's body may name what is
-- made after it.
select
    set_config('lock_timeout', '5s', true),
    set_config('statement_timeout', '60s', true),
    set_config('check_function_bodies', 'off', true);
