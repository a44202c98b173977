-- Readers go first: a lock is waited for two seconds, in this transaction.
select set_config('lock_timeout', '2s', true);
