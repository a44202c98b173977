-- A step of an action.
insert into warehouse.action_step (
    team_id, action_id, event, selector, tag_name, text, text_matching, href, href_matching, url, url_matching,
    has_event_filters, has_person_filters
)
values (
    %(team_id)s::bigint,
    %(action_id)s::bigint,
    %(event)s::text,
    %(selector)s::text,
    %(tag_name)s::text,
    %(text)s::text,
    %(text_matching)s::text,
    %(href)s::text,
    %(href_matching)s::text,
    %(url)s::text,
    %(url_matching)s::text,
    %(has_event_filters)s::boolean,
    %(has_person_filters)s::boolean
)
returning
    step_id,
    has_elements;
