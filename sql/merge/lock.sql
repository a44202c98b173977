-- Two decisions come one after the other. Only who may write decisions can take this lock.
lock table ops.merge_decision in share row exclusive mode;
