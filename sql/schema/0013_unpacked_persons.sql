-- Persons are written again whenever a property changes: packing them would be most of what that costs.
alter table warehouse.person set (toast_tuple_target = 8160);
