"""The READMEs say what is there, all of it and nothing else: settings, commands, relations, files, examples."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import textwrap
from pathlib import Path
from typing import NamedTuple

import click
import pytest
import typer

from etl.cli import app
from etl.quality.suites import read_refusals, read_suite
from etl.report import frames
from etl.rules import cohort, definition, elements, lifted, pattern, property_state, selector, wire
from etl.settings import Settings

ROOT = Path(__file__).parents[1]
FOLDERS = ("dags", "etl", "expectations", "sql", "tests")
# What was recorded of others says what others have, not what is here.
RECORDED = {ROOT / "tests" / "capture" / "fixtures", ROOT / "tests" / "conformance" / "cases"}
READMES = sorted(
    path
    for path in [ROOT / "README.md", *(path for name in FOLDERS for path in (ROOT / name).rglob("README.md"))]
    if "node_modules" not in path.parts and path.parent not in RECORDED
)
TEXT = "\n".join(path.read_text() for path in READMES)
COMMANDS = typer.main.get_command(app)
# Where a tracking plan, suites of a user's own and the data of `make run` go; there is none until somebody makes one.
NOT_THERE_YET = {"expectations/plan", "expectations/plan/", "var/", "var/log"}
NOT_THERE_YET |= {"rows/", "warehouse/", "rows/NAME.json", "batch/NAME.json", "warehouse/RELATION.json"}
NOT_THERE_YET |= {"cohorts.json", "orders.json", "query.sql", "export.json"}


class Code(NamedTuple):
    """A block of code, or words marked as code."""

    readme: Path
    language: str
    text: str


def blocks(readme: Path) -> list[Code]:
    found = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", readme.read_text(), re.MULTILINE | re.DOTALL)
    return [Code(readme, language, textwrap.dedent(text)) for language, text in found]


def words(readme: Path) -> list[Code]:
    prose = re.sub(r"^ *```.*?^ *```$", "", readme.read_text(), flags=re.MULTILINE | re.DOTALL)
    prose = prose.replace("``", "")  # a default that is empty
    assert prose.count("`") % 2 == 0, readme
    return [Code(readme, "", " ".join(text.split())) for text in re.findall(r"`([^`]+)`", prose)]


BLOCKS = [block for readme in READMES for block in blocks(readme)]
WORDS = [word for readme in READMES for word in words(readme)]
MARKED = {word.text for word in WORDS}


def name_of(code: Code) -> str:
    return f"{code.readme.parent.relative_to(ROOT)} {' '.join(code.text.split()[:4])}"


def nothing_in(names):
    """Fails with all of them, not with the first few."""
    shown = ", ".join(sorted(names))
    assert not shown, shown


def test_there_is_a_readme_in_every_place():
    places = {str(readme.parent.relative_to(ROOT)) for readme in READMES}
    assert places == {*FOLDERS, ".", "etl/capture", "etl/files", "etl/report", "etl/rules"}


def test_the_first_one_is_read_in_minutes():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 150
    assert [line for line in lines if len(line) > 118 and not line.startswith("|")] == []


# Settings


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_table(name):
    field = Settings.model_fields[name]
    default = "" if field.default is None else f"`{field.default}`"
    assert f"| `ETL_{name.upper()}` | {default} | {field.description} |" in TEXT


def test_no_setting_is_made_up():
    named = set(re.findall(r"\bETL_([A-Z_]+)", TEXT))
    nothing_in(named - {name.upper() for name in Settings.model_fields})


def test_every_rule_of_a_project_is_in_the_table(shared_db):
    rows = shared_db.execute(
        "select column_name from information_schema.columns"
        " where table_schema = 'landing' and table_name = 'project' and column_default is distinct from 'now()'"
        " and column_name not in ('team_id', 'name')"
    ).fetchall()
    missing = {row["column_name"] for row in rows if f"| `{row['column_name']}` |" not in TEXT}
    nothing_in(missing)


# Limits

LIMITS = (ROOT / "etl" / "rules" / "README.md").read_text().partition("\n## Limits\n")[2]


def test_every_limit_of_the_rules_is_in_the_table():
    """Constants of `etl.rules` that bound what is taken; how much of a bad text is shown bounds nothing."""
    bounds = {
        f"{name} = {value:,}"
        for module in (cohort, definition, elements, lifted, pattern, property_state, selector, wire)
        for name, value in vars(module).items()
        if re.fullmatch(r"[A-Z][A-Z_]+", name) and isinstance(value, int) and name not in {"SHOWN_CHARACTERS"}
    }
    assert len(bounds) >= 9
    nothing_in({bound for bound in bounds if not re.search(rf"(?<![\d,]){bound.split()[-1]}(?![\d,])", LIMITS)})


def test_everything_that_tells_of_a_limit_is_in_the_table():
    told = {name for name in read_refusals() if re.search("too_|exceeded|out_of_range", name)}
    suite = json.loads((ROOT / "expectations" / "staged_event.json").read_text())
    bounds = [each for each in suite["expectations"] if {"min_value", "max_value"} & each["kwargs"].keys()]
    told |= {each["meta"]["name"] for each in bounds if each["severity"] == "critical"}
    code = "".join(
        path.read_text()
        for name in ("sql", "etl")
        for path in (ROOT / name).rglob("*.*")
        if path.suffix in {".py", ".sql"}
    )
    told |= set(re.findall(r"""['"](\w+_(?:truncated|size_violation|too_long\w*|out_of_range|in_future))['"]""", code))
    told |= set(re.findall(r"'(cannot_merge_with_too\w+)'", code))
    assert told >= {"person_properties_size_violation", "properties_within_limit", "distinct_id_truncated"}
    nothing_in({name for name in told if f"`{name}`" not in LIMITS})


# Commands


def all_commands(command: click.Command, path: str = "etl") -> dict[str, click.Command]:
    inner = getattr(command, "commands", {})
    found = {} if inner else {path: command}
    for name, each in inner.items():
        found |= all_commands(each, f"{path} {name}")
    return found


def shown_commands() -> list[str]:
    """What a reader could paste: marked words, lines of a shell, and lines after its prompt."""
    lines = [(block.language, line) for block in BLOCKS for line in block.text.splitlines()]
    pasted = [line for language, line in lines if language == "sh"]
    pasted += [line.removeprefix("$ ") for language, line in lines if not language and line.startswith("$ ")]
    return sorted({line for line in [*MARKED, *pasted] if line.startswith("etl ")})


def test_every_command_is_named():
    named = {f"{shown} " for shown in shown_commands()}
    missing = {path for path in all_commands(COMMANDS) if not any(shown.startswith(f"{path} ") for shown in named)}
    nothing_in(missing)


@pytest.mark.parametrize("shown", shown_commands())
def test_every_shown_command_and_option_is_there(shown):
    command: click.Command = COMMANDS
    options = {"--help"} | {option for parameter in command.params for option in parameter.opts}
    assert "--shard" in options
    for word in re.sub(r"""^etl --shard \w+|[\[\]'"]""", " ", shown).removeprefix("etl").split():
        inner = getattr(command, "commands", {})
        if word.startswith("-"):
            assert word in options, f"{shown}: there is no {word}"
        elif inner and not word.isupper():
            assert word in inner, f"{shown}: there is no {word}"
            command = inner[word]
            options = {"--help"} | {
                option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]
            }


def test_make_targets_are_named_and_there():
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"(?:`|^)make ([a-z]+)\b", TEXT, re.MULTILINE))
    nothing_in(named - set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE)))
    nothing_in(set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE)) - named)


# The database


def named_in_schemas(end: str) -> set[str]:
    """Names such as ``ops.batch`` that are followed by ``end``; a file (``warehouse.json``) is none."""
    schemas = "landing|staging|buffer|quarantine|warehouse|ops"
    return set(re.findall(rf"(?<![\w/.-])((?:{schemas})\.(?!(?:json|sql|py)\b)[a-z_]+)\b{end}", TEXT))


def test_named_relations_exist(shared_db):
    for name in named_in_schemas(r"(?!\()"):
        assert shared_db.execute("select to_regclass(%s) as found", (name,)).fetchone()["found"], name


def test_named_functions_exist(shared_db):
    for name in named_in_schemas(r"\("):
        assert shared_db.execute("select to_regproc(%s) as found", (name,)).fetchone()["found"], name


def test_every_relation_for_people_is_named(shared_db):
    """Not the tables behind the views of ``warehouse``, and not what only the cycle reads."""
    rows = shared_db.execute(
        "select n.nspname || '.' || c.relname as name from pg_class as c"
        " inner join pg_namespace as n on c.relnamespace = n.oid"
        " where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition"
        " and (n.nspname in ('ops', 'quarantine', 'buffer') or n.nspname = 'warehouse' and c.relkind in ('v', 'm'))"
    ).fetchall()
    nothing_in({row["name"] for row in rows} - MARKED)


def test_every_column_of_a_writer_is_in_the_table(shared_db):
    rows = shared_db.execute(
        "select column_name, data_type from information_schema.column_privileges"
        " inner join information_schema.columns using (table_schema, table_name, column_name)"
        " where grantee = 'event_writer' and privilege_type = 'INSERT' and table_name = 'event'"
    ).fetchall()
    assert len(rows) >= 8
    for row in rows:
        assert f"| `{row['column_name']}` | {row['data_type']} |" in TEXT


def test_every_role_is_in_the_table(shared_db):
    rows = shared_db.execute(
        "select distinct grantee from information_schema.role_table_grants"
        " where table_schema in ('landing', 'warehouse', 'ops') and grantee <> current_user"
        " union select grantee from information_schema.column_privileges where table_schema = 'landing'"
        " and grantee <> current_user"
    ).fetchall()
    assert {row["grantee"] for row in rows} == set(re.findall(r"^\| `(event_\w+|auditor)` \|", TEXT, re.MULTILINE))


STATEMENTS = [
    Code(block.readme, "sql", statement)
    for block in BLOCKS
    if block.language == "sql"
    for statement in re.split(r";\s*\n", block.text)
    if re.match(r"(select|insert|update|delete|with)\b", statement)
]


@pytest.mark.parametrize("code", STATEMENTS, ids=name_of)
def test_every_shown_statement_can_be_planned(shared_db, code):
    shared_db.execute(f"explain {code.text}".encode())


# Files and Python


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_links_lead_somewhere(readme):
    for link in re.findall(r"\]\(([^)]+)\)", readme.read_text()):
        path, _, place = link.partition("#")
        target = (readme.parent / path).resolve() if path else readme
        assert target.exists(), link
        if place:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert place in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, link


def test_named_files_exist():
    """Marked words with a slash or the ending of a file, looked for from the root and from the README's folder."""
    tops = "|".join(re.escape(path.name) for path in ROOT.iterdir())
    endings = "py|sql|json|jsonl|toml|lock"
    is_path = re.compile(rf"(?:{tops})/[\w./*-]+|[\w./*-]+/|[\w./*-]+\.(?:{endings})")
    missing = [
        f"{word.readme.relative_to(ROOT)}: {word.text}"
        for word in WORDS
        if is_path.fullmatch(word.text)
        and word.text not in NOT_THERE_YET
        and not any([*ROOT.glob(word.text), *word.readme.parent.glob(word.text)])
    ]
    nothing_in(missing)


def test_every_package_has_its_line():
    table = (ROOT / "etl" / "README.md").read_text().split("## The five steps")[0]
    names = {path.name for path in (ROOT / "etl").iterdir() if (path / "__init__.py").exists()}
    nothing_in({name for name in names if f"`{name}/`" not in table})
    modules = {path.stem for path in (ROOT / "etl").glob("*.py")} - {"__init__"}
    nothing_in({name for name in modules if f"`{name}`" not in table})


def test_every_suite_and_frame_is_named():
    files = {path.name for path in (ROOT / "expectations").glob("*.json")}
    nothing_in({name for name in files if f"]({name})" not in TEXT})
    made_here = [
        name for name, each in inspect.getmembers(frames, inspect.isfunction) if each.__module__ == frames.__name__
    ]
    nothing_in({name for name in made_here if not name.startswith("_")} - MARKED)


def test_names_in_airflow_are_named_and_there():
    from etl import names

    known = {value for name, value in vars(names).items() if name.isupper() and name != "PREFIX"}
    assert len(known) >= 8
    nothing_in(known - MARKED)
    expectations = {each["meta"]["name"] for name in ("batch", "project") for each in read_suite(name)["expectations"]}
    of_shards = {names.of_shard(name, shard) for name in known for shard in ("eu", "us")}
    words = {word for word in MARKED if re.fullmatch(rf"{names.PREFIX}\w+", word)}
    nothing_in(words - known - of_shards - expectations)


@pytest.mark.parametrize("code", [block for block in BLOCKS if block.language == "python"], ids=name_of)
def test_what_shown_python_imports_is_there(code):
    tree = ast.parse(code.text)
    names: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.asname or each.name: importlib.import_module(each.name) for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            names |= {each.asname or each.name: getattr(module, each.name) for each in node.names}
    assert names
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            assert hasattr(names[node.value.id], node.attr), f"{node.value.id}.{node.attr}"
