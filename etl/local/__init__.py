"""Everything on one machine: a private PostgreSQL, Airflow, a recorded sample. A cluster needs none of it."""
