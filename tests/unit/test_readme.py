"""README says what is true: its tables are those of the code."""

from pathlib import Path

import pytest

from bot import settings
from bot.commands import catalogue

README = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [settings.table(), catalogue.table()], ids=["settings", "commands"])
def test_readme_shows_the_table_of_the_code(table: str) -> None:
    assert table in README, f"paste this into README.md:\n{table}"


def test_readme_says_that_the_default_model_reads_english_only() -> None:
    assert "**English only**" in README
