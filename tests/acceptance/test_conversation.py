"""README's session, typed into the real program."""

import re
from pathlib import Path

from bot.demo import SAMPLE
from tests.acceptance.program import MODEL, lapwing

README = Path(__file__).parents[2] / "README.md"


def session() -> str:
    found = re.search(r"## A session.*?```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def without_percents(text: str) -> list[str]:
    """Processors differ in the last bits of a score, and so now and then in a percent."""
    return [re.sub(r"\d+%", "N%", line) for line in text.splitlines()]


def test_readme_shows_what_the_program_really_answers(tmp_path: Path) -> None:
    shown = session()
    typed = "".join(f"{line.removeprefix('> ')}\n" for line in shown.splitlines() if line.startswith("> "))

    talk = lapwing(
        "run",
        typed=typed,
        settings={"database": tmp_path / "lapwing.db", "replay_file": SAMPLE, "replay_speed": "max", **MODEL},
    )

    assert talk.status == 0, talk.err
    assert without_percents(talk.out) == without_percents(shown)
