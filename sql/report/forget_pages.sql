-- Pages that are shown no more.
delete from ops.report_page
where name <> all(%(kept)s);
