-- A statement that lets nobody connect to a database of ours whom no grant names. By default every login of the server
-- may, and a transaction that it leaves open there holds landed rows back.
select format('revoke connect, temporary on database %%I from public', %(name)s::text) as statement;
