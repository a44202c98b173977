-- The fresh database has the projects of the other one, not its own.
delete from landing.project;
