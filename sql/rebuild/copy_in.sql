-- The same rows into the fresh landing, which has the same columns by the same migrations.
copy landing.event from stdin (format binary);  -- noqa: PRS
