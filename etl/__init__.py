"""PostHog-compatible event ingestion as micro-batches on PostgreSQL; plain Python that never imports Airflow."""

import logging

# Each step logs what it did: shown where somebody listens (Airflow does), and never on a terminal by itself.
logging.getLogger(__name__).addHandler(logging.NullHandler())
