"""`etl maintain`: what the DAG for it does every hour, without Airflow."""

from __future__ import annotations

from etl.cli.options import Json
from etl.cli.shared import console, on_every_shard, print_json, warehouse


@on_every_shard
def maintain(is_json: Json = False) -> None:
    """Create partitions ahead, drop expired ones, fold overrides into events, count days, check and audit.

    The views of the schema event are brought up to date. Last, suites of your own in ETL_EXPECTATIONS_DIR are asked.
    """
    from etl.operate import maintain as job
    from etl.operate.event_retention import drop_expired_events
    from etl.operate.event_views import refresh_event_views
    from etl.quality.daily import check_days
    from etl.quality.own_suites import check_suites
    from etl.quality.warehouse import check_warehouse, refuse_contradictions

    with warehouse() as (db, settings):
        made = job.ensure_partitions(db, settings)
        dropped = job.drop_expired_partitions(db, settings)
        refused, warnings = job.drop_expired_rows(db, settings)
        events = drop_expired_events(db, settings)
        folded = job.squash(db)
        days = check_days(db)
        views = refresh_event_views(db)
        findings = check_warehouse(db)
        audit = job.audit_new(db)
        own = check_suites(db, settings.expectations_dir)
    failed = [finding for finding in findings if not finding.is_success]
    holding = [finding.name for finding in findings if finding.is_success]
    if is_json:
        print_json({
            "partitions_made": made,
            "partitions_dropped": dropped,
            "quarantined_rows_dropped": refused,
            "warnings_dropped": warnings,
            "events_dropped": events.events,
            "event_partitions_dropped": events.partitions,
            "overrides_folded": folded,
            "days_checked": days,
            "event_views": views,
            "audited": audit,
            "failed": failed,
            "holding": holding,
            "own": own,
        })
    else:
        console.print(f"partitions made: {made}")
        console.print(f"landing partitions dropped: {', '.join(dropped) or 'none'}")
        console.print(f"rows of quarantine dropped: {refused:,}, warnings: {warnings:,}")
        if settings.event_retention_days is not None:
            partitions = f", with {len(events.partitions)} days" if events.partitions else ""
            console.print(f"events dropped: {events.events:,}{partitions}")
        console.print(f"overrides folded into events: {folded:,}")
        console.print(f"days counted and checked: {', '.join(str(day) for day in days)}")
        console.print(f"event views made: {len(views.made)}, dropped: {len(views.dropped)}")
        if views.kept:
            console.print(f"event views in use, kept as they were: {', '.join(views.kept)}")
        console.print(f"batches audited: {audit.batches:,}")
        for finding in failed:
            found = f"{finding.reason} ({finding.unexpected:,} rows, the first: {finding.first_example})"
            console.print(f"! {finding.suite}.{finding.name}: {found} {finding.remedy}")
        console.print(f"holds: {', '.join(holding)}")
        for answers in own:
            failing = [finding.name for finding in answers.findings if not finding.is_success]
            console.print(f"{answers.suite}: {len(answers.findings) - len(failing)} expectations hold")
            for name in failing:
                console.print(f"! {answers.suite} {name} fails")
            for name, trouble in answers.troubles.items():
                console.print(f"! {answers.suite} {name} cannot be evaluated: {trouble}")
    refuse_contradictions(findings)
    audit.raise_for_trouble()
