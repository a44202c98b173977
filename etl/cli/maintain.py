"""`etl maintain`: what the DAG for it does every hour, without Airflow."""

from __future__ import annotations

from etl.cli.options import Json
from etl.cli.shared import console, print_json, warehouse


def maintain(is_json: Json = False) -> None:
    """Create partitions ahead, drop expired ones, fold overrides into events, count days and check everything."""
    from etl.operate import maintain as job
    from etl.quality import daily

    with warehouse() as (db, settings):
        made = job.ensure_partitions(db, settings)
        dropped = job.drop_expired_partitions(db, settings)
        folded = job.squash(db)
        days = daily.look_at_days(db)
        failed = daily.check_warehouse(db)
        holding = job.check_invariants(db)
    if is_json:
        print_json({
            "partitions_made": made,
            "partitions_dropped": dropped,
            "overrides_folded": folded,
            "days_checked": days,
            "failed_expectations": failed,
            "invariants": holding,
        })
        return
    console.print(f"partitions made: {made}")
    console.print(f"landing partitions dropped: {', '.join(dropped) or 'none'}")
    console.print(f"overrides folded into events: {folded:,}")
    console.print(f"days counted and checked: {', '.join(str(day) for day in days)}")
    for finding in failed:
        console.print(f"! {finding.suite}.{finding.name}: {finding.reason} {finding.remedy}", markup=False)
    console.print(f"invariants that hold: {', '.join(holding)}")
