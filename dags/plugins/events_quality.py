"""The data quality page in Airflow's UI, for any Airflow 3.3 that has `etl` installed: point its plugins folder here.

Every user who is logged in may read it, whatever the role. A plugin's app is open to everybody unless it asks for the
user itself.
"""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from etl.errors import EtlError
from etl.names import PAGE
from etl.report import serve
from etl.settings import read_settings

app = FastAPI(title="Data quality", docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/{path:path}")
def page(path: str, user: GetUserDep) -> HTMLResponse:
    """One page of the report; asking for the user is the guard."""
    try:
        status, content = serve.answer(read_settings(), path)
    except EtlError as error:
        return HTMLResponse(escape(str(error)), 503, serve.HEADERS)
    return HTMLResponse(content, status, serve.HEADERS)


class DataQuality(AirflowPlugin):
    """An entry `Quality` in the navigation that shows the page in a frame."""

    name = PAGE
    fastapi_apps = [{"app": app, "url_prefix": f"/{PAGE}", "name": "Data quality"}]  # noqa: RUF012 - Airflow's interface
    external_views = [  # noqa: RUF012
        {
            "name": "Quality",
            "href": f"{urlsplit(conf.get('api', 'base_url', fallback='')).path.rstrip('/')}/{PAGE}/index.html",
            "destination": "nav",
            "nav_top_level": True,
            "url_route": PAGE,
        }
    ]
