-- The `$lib` of PostHog's mobile SDKs (nodejs: 1-emitToBufferStep.ts).
create or replace function ops.mobile_libraries()
returns text[]
language sql
immutable
as $$ select array['posthog-ios', 'posthog-android', 'posthog-react-native', 'posthog-flutter'] $$;
