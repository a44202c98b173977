"""Read by every Airflow process at start, if this folder is on PYTHONPATH. Optional: it saves time, nothing else.

Tasks are forked from the scheduler, so what it has imported costs them nothing; without it, Great Expectations takes
3 s in every task.

Python reads only the first module of this name. An Airflow with an `airflow_local_settings` of its own would lose that:
copy these lines into it instead.
"""

from __future__ import annotations

import logging
import sys

logging.getLogger("great_expectations").setLevel(logging.WARNING)  # about 150 lines at import otherwise

if "scheduler" in sys.argv:
    import great_expectations  # noqa: F401
    import pandas  # noqa: F401
