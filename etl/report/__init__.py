"""The data quality page: summaries kept batch by batch, frames for analysts, and self-contained HTML from both."""
