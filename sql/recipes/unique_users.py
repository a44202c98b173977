"""Unique users by day as a chart, in pandas: before merges, as a count of distinct ids has them, and after.

python sql/recipes/unique_users.py postgresql://reader:...@127.0.0.1:54329/warehouse users.html
"""

from __future__ import annotations

import sys

import altair as alt
import pandas as pd
from sqlalchemy import create_engine

QUERY = """
select
    date_trunc('day', timestamp, 'UTC') as day,
    count(distinct distinct_id) as distinct_ids,
    count(distinct person_id) as users
from warehouse.events
where
    team_id = %(team_id)s
    and timestamp >= (%(since)s || ' UTC')::timestamptz
    and timestamp < (%(until)s || ' UTC')::timestamptz
group by 1
order by 1
"""


def users_by_day(url: str, *, since: str, until: str, team_id: int = 1) -> pd.DataFrame:
    """A row a day (UTC) with events: ``distinct_ids`` and ``users``."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    parameters = {"team_id": team_id, "since": since, "until": until}
    with engine.connect() as connection:
        return pd.read_sql_query(QUERY, connection, params=parameters, index_col="day")


def chart(frame: pd.DataFrame) -> alt.Chart:
    """Both counts as lines."""
    lines = frame.reset_index().melt("day", var_name="counted", value_name="number")
    return alt.Chart(lines, width=700).mark_line(point=True).encode(x="day:T", y="number:Q", color="counted:N")


if __name__ == "__main__":
    warehouse, file = sys.argv[1:]
    frame = users_by_day(warehouse, since="2022-07-01", until="2100-01-01")
    chart(frame).save(file)
    sys.stdout.write(f"{frame}\n")
