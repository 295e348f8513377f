"""A cold `lapwing --help` is quick because it loads nothing that it does not need."""

import json
import subprocess
import sys

import pytest

from tests.acceptance.program import environment

HEAVY = {"torch", "transformers", "numpy", "sqlalchemy", "alembic", "slack_bolt", "discord", "tweepy", "boto3"}


def modules_after(statement: str) -> set[str]:
    program = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(), check=True, timeout=60
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def test_help_loads_no_model_no_database_and_no_chat_library() -> None:
    loaded = modules_after("from bot.cli.main import app\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass")
    assert not loaded & HEAVY


@pytest.mark.parametrize("module", ["sources.types", "classifier.types", "storage.types", "bot.commands.types"])
def test_a_types_module_loads_nothing_heavy(module: str) -> None:
    assert not modules_after(f"import {module}") & (HEAVY | {"pydantic", "rich", "prompt_toolkit", "typer"})
