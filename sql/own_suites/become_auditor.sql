-- What a user's suite asks, it asks as somebody who can change nothing, and not forever.
select
    set_config('role', 'auditor', false),
    set_config('statement_timeout', %(timeout)s::text, false);
