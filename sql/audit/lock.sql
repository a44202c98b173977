-- One entry after the other, until the transaction ends.
lock table ops.audit_entry in share row exclusive mode;
