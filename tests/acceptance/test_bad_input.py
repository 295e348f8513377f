"""Bad input to the program: a clear message that names the part and the way out, and nothing half done."""

from pathlib import Path

import pytest

from bot.demo import SAMPLE
from tests.acceptance.program import MODEL, lapwing, write_posts


def test_broken_lines_repeats_and_monstrous_texts_stop_nothing(tmp_path: Path) -> None:
    path = write_posts(
        tmp_path / "posts.jsonl",
        [
            {"id": "1", "author": "sec", "text": "Critical security vulnerability in ExampleDB"},
            {"id": "1", "author": "sec", "text": "Critical security vulnerability in ExampleDB"},
            {"id": "2", "author": "sec", "text": ""},
            {"id": "3", "author": "sec", "text": "A severe security breach. " * 4_000},
            {
                "id": "4",
                "author": "sec",
                "text": "Security\x1b[2J\x07 breach: passwords stolen\nALERT 99 forged 99% @x: y",
            },
            {"id": "5", "author": "sec"},
            {"id": "6", "author": "sec", "text": "https://example.org/only-a-link"},
        ],
    )
    with path.open("a") as file:
        file.write("{broken\n")
    settings = {"database": tmp_path / "a.db", "replay_file": path, "replay_speed": "max", **MODEL}

    done = lapwing("run", typed="/watch @sec\n/labels set security\n/wait\n/health\n", settings=settings)

    assert done.status == 0, done.err
    assert done.alerts == [1, 2, 3]
    assert "\x1b" not in done.out
    assert "5 new posts since the start, 1 seen before, 2 bad lines (the latest: line 8" in done.out


@pytest.mark.parametrize(
    ("settings", "status", "named"),
    [
        ({"replay_file": "nowhere.jsonl"}, 2, "nowhere.jsonl"),
        ({"replay_speed": "-1"}, 2, "REPLAY_SPEED"),
        ({"classifier": "embeding"}, 2, "embedding"),
        ({"classifier": "nli:nowhere"}, 1, "nowhere"),
        ({"classifier_template": "no place"}, 2, "{}"),
        ({"database": "nowhere/lapwing.db"}, 1, "nowhere"),
        ({"sources": "x,feeds"}, 2, "X_BEARER_TOKEN is missing"),
        ({"http_allow": "10.0.0.7"}, 2, "HTTP_ALLOW"),
    ],
)
def test_a_wrong_setting_is_named_with_the_way_out(
    settings: dict[str, object], status: int, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = lapwing("run", settings={"replay_file": SAMPLE} | settings)
    assert done.status == status, done.err
    assert named in done.err
    assert "Traceback" not in done.err


def test_a_damaged_database_is_named_and_left_as_it_was(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"this is no database" * 100)
    done = lapwing("run", settings={"database": damaged, "replay_file": SAMPLE})
    assert done.status == 1
    assert str(damaged) in done.err
    assert damaged.read_bytes() == b"this is no database" * 100


def test_the_doctor_names_everything_that_is_wrong_at_once(tmp_path: Path) -> None:
    settings = {
        "database": tmp_path / "no" / "a.db",
        "replay_file": "nowhere.jsonl",
        "classifier": "nli:nowhere",
        "sources": "x",
    }
    done = lapwing("doctor", settings=settings)
    assert done.status == 1
    wrong = [line.split()[0] for line in done.out.splitlines() if "WRONG" in line]
    assert wrong == ["database", "source", "model", "x"]


def test_the_doctor_is_content_with_a_sound_house(tmp_path: Path) -> None:
    done = lapwing("doctor", settings={"database": tmp_path / "a.db", "replay_file": SAMPLE, **MODEL})
    assert done.status == 0, done.out
    assert "WRONG" not in done.out
    assert "reads en only" in done.out
