-- Room to sort and hash one batch's narrow rows in memory, for this transaction only.
set local work_mem = '128MB';
