-- Identity, for those who ask and those who correct: splits, the review of refused merges, groups, views for analysts.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Distinct ids that splits of the batch have taken out of their person, and the person each has in the end.
create unlogged table staging.split (
    team_id bigint not null,
    distinct_id text not null,
    person_id uuid not null,
    cause_uuid uuid not null
);

-- Persons that splits of the batch have made or brought back to life.
create unlogged table staging.revived_person (
    team_id bigint not null,
    person_id uuid not null,
    -- The person that its other ids went to meanwhile; null: it had none.
    moved_to uuid
);

-- Persons that have lost or gained ids by a split: their properties are folded again.
create unlogged table staging.refolded_person (
    team_id bigint not null,
    person_id uuid not null
);
