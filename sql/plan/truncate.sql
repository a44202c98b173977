-- Forget the plan of the batch before, or of a crashed run.
truncate
staging.plan,
staging.event,
staging.excluded,
staging.expectation_result,
staging.warning,
staging.distinct_id,
staging.birth,
staging.person,
staging.override,
staging.tie,
staging.implied_person,
staging.merge,
staging.person_property;
