-- What a session of ours needs, whatever server, database, login or pooler set by default: one way to read and write
-- text, times and numbers, no other place to find a name, leave to write and to read views, and no limit in time but
-- ours. The process that serves it.
select
    pg_backend_pid() as pid,
    set_config('client_encoding', 'UTF8', false),
    set_config('timezone', 'UTC', false),
    set_config('datestyle', 'ISO, MDY', false),
    set_config('intervalstyle', 'postgres', false),
    set_config('extra_float_digits', '1', false),
    set_config('standard_conforming_strings', 'on', false),
    set_config('search_path', 'pg_catalog', false),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('default_transaction_read_only', 'off', false),
    case
        -- What came in a minor release, not all of 16 know.
        when current_setting('restrict_nonsystem_relation_kind', true) is not null
            then set_config('restrict_nonsystem_relation_kind', '', false)
    end,
    set_config('statement_timeout', %(statement_timeout)s::text, false),
    set_config('lock_timeout', %(lock_timeout)s::text, false),
    set_config('idle_in_transaction_session_timeout', '0', false),
    set_config('idle_session_timeout', '0', false),
    case
        when current_setting('server_version_num')::integer >= 170000
            then set_config('transaction_timeout', '0', false)
    end,
    set_config('jit', 'off', false),
    -- What is streamed is read to its end. For the first tenth of the rows, the default, a plan that takes the square
    -- of their number may be the better one.
    set_config('cursor_tuple_fraction', '1', false),
    set_config('client_min_messages', 'warning', false),
    -- So that the server notices within seconds that a worker was killed, and within a minute that its machine or the
    -- way to it is gone, and frees its locks.
    set_config('client_connection_check_interval', '5s', false),
    set_config('tcp_keepalives_idle', '30', false),
    set_config('tcp_keepalives_interval', '10', false),
    set_config('tcp_keepalives_count', '3', false);
