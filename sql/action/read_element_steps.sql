-- The steps of enabled actions that have conditions on elements.
select
    s.step_id,
    s.selector,
    s.tag_name
from warehouse.action_step as s
where s.has_elements
order by s.step_id;
