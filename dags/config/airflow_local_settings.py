"""Read by every Airflow process at start, where this folder is on PYTHONPATH. Optional: it saves time, nothing else.

Tasks are forked from the scheduler, so what it has imported costs them nothing: Great Expectations takes 3 s else.
"""

from __future__ import annotations

import logging
import sys

logging.getLogger("great_expectations").setLevel(logging.WARNING)  # about 150 lines at import otherwise

if "scheduler" in sys.argv:
    import great_expectations  # noqa: F401
    import pandas  # noqa: F401
