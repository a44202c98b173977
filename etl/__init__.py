"""PostHog-compatible event ingestion as micro-batches on PostgreSQL; plain Python that never imports Airflow."""
