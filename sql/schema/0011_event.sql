-- Event: a view for each name of an event, with its properties as typed columns. Maintenance makes the views, see
-- etl/operate/event_views.py; nothing else belongs here.
create schema event;
comment on schema event is 'A view for each name of an event, with its properties as typed columns';

create table ops.event_view (
    view_name text primary key,
    event text not null,
    query text not null,
    made_at timestamptz not null default now()
);

comment on table ops.event_view is 'Which views of the schema event maintenance has made, and of which event';
comment on column ops.event_view.query is 'What the view was made with: when another one is wanted, it is made anew';

grant usage on schema event to auditor;
grant select on ops.event_view to auditor;

-- Indexes of single properties, for analysts' filters: etl/operate/property_index.py.
create table ops.property_index (
    index_name text primary key,
    property text not null,
    -- Null: of whatever event.
    event text,
    made_at timestamptz not null default now(),
    unique nulls not distinct (property, event)
);

comment on table ops.property_index is
'Which properties have an index, made by etl property index; without an event: those of all events';

grant select on ops.property_index to auditor;
