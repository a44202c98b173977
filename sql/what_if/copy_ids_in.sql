copy as_is from stdin (format binary);  -- noqa: PRS
