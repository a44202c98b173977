-- One page, and how long ago the last build was.
select
    (
        select p.content
        from ops.report_page as p
        where p.name = %(name)s
    ) as content,
    (
        select extract(epoch from now() - p.written_at)::float8
        from ops.report_page as p
        where p.name = 'index.html'
    ) as age_seconds;
