-- A page that is new or has changed, and the time of the build.
insert into ops.report_page (name, content)
values (%(name)s, %(content)s)
on conflict (name) do update set content = excluded.content, written_at = now();
