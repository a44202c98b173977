-- Every chain of elements that an event has, once; none where no step has conditions on elements.
select distinct e.elements_chain
from warehouse.stored_event as e
where e.elements_chain is not null and exists (select s.step_id from warehouse.action_step as s where s.has_elements);
