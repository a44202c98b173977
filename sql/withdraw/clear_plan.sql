-- The plan of the batch's own row and of what it released is carried out; its tables serve once more.
with person as (
    delete from staging.person
),

person_property as (
    delete from staging.person_property
),

override as (
    delete from staging.override
),

merge as (
    delete from staging.merge
),

refolded_person as (
    delete from staging.refolded_person
),

group_profile as (
    delete from staging.group_profile
)

delete from staging.distinct_id;
