-- All pages of a build show the same moment.
set transaction isolation level repeatable read;
