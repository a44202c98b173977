-- Forget the overrides chosen before.
truncate staging.squash;
