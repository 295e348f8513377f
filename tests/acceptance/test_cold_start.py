"""A cold `lapwing --help` is quick because it loads nothing that it does not need."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.acceptance.program import environment

CHATS = {"slack_bolt", "slack_sdk", "aiohttp", "prometheus_client", "discord"}
HEAVY = {"torch", "transformers", "numpy", "sqlalchemy", "alembic", "tweepy", "boto3"} | CHATS


def modules_after(statement: str, settings: Mapping[str, object] | None = None) -> set[str]:
    program = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        input="",  # a pipe that ends at once: with nothing to read from at all `lapwing run` refuses to start
        env=environment(**(settings or {})),
        check=True,
        timeout=60,
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def test_help_loads_no_model_no_database_and_no_chat_library() -> None:
    loaded = modules_after("from bot.cli.main import app\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass")
    assert not loaded & HEAVY


def test_a_run_at_a_terminal_loads_no_library_of_another_chat_and_no_web_server(tmp_path: Path) -> None:
    settings = {"database": tmp_path / "a.db", "classifier": "null"}
    loaded = modules_after(
        "from bot.cli.main import app\ntry:\n    app(['run'])\nexcept SystemExit:\n    pass", settings
    )
    assert "sqlalchemy" in loaded, "it ran"
    assert not loaded & CHATS


@pytest.mark.parametrize("module", ["sources.types", "classifier.types", "storage.types", "bot.commands.types"])
def test_a_types_module_loads_nothing_heavy(module: str) -> None:
    assert not modules_after(f"import {module}") & (HEAVY | {"pydantic", "rich", "prompt_toolkit", "typer"})
