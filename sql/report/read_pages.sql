-- All files that the build before left.
select
    name,
    content
from ops.report_page;
