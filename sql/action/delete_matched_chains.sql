-- Before all chains are matched anew.
delete from warehouse.matched_chain;
