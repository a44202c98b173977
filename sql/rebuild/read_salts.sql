-- The salts that cookieless ids are derived with; those of past days are gone, and their ids with them.
select
    day,
    salt
from landing.cookieless_salt;
