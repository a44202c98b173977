-- From here to the end of the transaction the triggers add up what it changes in the audited tables.
select set_config('audit.' || replace(t.name, '.', '_'), '0', true)
from unnest(ops.audited_tables()) as t (name);
