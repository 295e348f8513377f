"""README says what is true: its tables are those of the code."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest

from bot import settings
from bot.cli.failures import USED_WRONGLY
from bot.commands import catalogue

README = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [settings.table(), catalogue.table()], ids=["settings", "commands"])
def test_readme_shows_the_table_of_the_code(table: str) -> None:
    assert table in README, f"paste this into README.md:\n{table}"


def test_readme_says_that_the_default_model_reads_english_only() -> None:
    assert "**English only**" in README


def test_the_unit_for_systemd_gives_lapwing_time_to_end_and_stays_down_where_a_setting_is_wrong() -> None:
    (written,) = re.findall(r"```ini\n(.*?)```", README, re.DOTALL)
    unit = ConfigParser(interpolation=None)
    unit.read_string(written)
    service = unit["Service"]
    assert service["ExecStart"].endswith("/lapwing run")
    assert int(service["TimeoutStopSec"]) > 25, "App.stop promises 25 s"
    assert service["RestartPreventExitStatus"] == str(USED_WRONGLY)
