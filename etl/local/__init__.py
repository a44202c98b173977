"""Everything on one machine: a private PostgreSQL, Airflow beside it, a recorded sample. A cluster needs none of it."""
