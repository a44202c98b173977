-- What this transaction changes from here on belongs to no entry.
select set_config('audit.' || replace(t.name, '.', '_'), '', true)
from unnest(ops.audited_tables()) as t (name);
