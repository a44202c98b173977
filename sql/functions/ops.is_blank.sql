-- Whether there is nothing to be seen in a text: white space as Unicode has it (White_Space), and characters without
-- width (U+180E, U+200B to U+200D, U+2060, U+FEFF): BLANK of etl/rules/wire.py. Written out, for `\s` would ask the
-- database's locale, and glibc does not call a no-break space a space. Mostly the first character tells.
create or replace function ops.is_blank(written text)
returns boolean
language sql
immutable
as $$
select
    ascii(written) not between 33 and 126
    and btrim(
        written,
        E' \t\n\x0b\f\r\u0085\u00a0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b'
        '\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff'
    ) = ''
$$;
