"""`lapwing classify`: texts in, answers out, in order."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import lapwing

LINES = [
    '{"id": "a", "text": "Security advisory: attackers exploit a critical vulnerability in ExampleDB"}',
    '{"id": 7, "text": "Our canteen serves lentil soup today"}',
    "{broken",
    '{"text": "https://example.org @someone 👍"}',
    '["not", "an", "object"]',
    '{"id": "e", "text": 5}',
    "",
    '{"id": "z", "text": "River levels are rising, flood warning for the lower town"}',
]


def rows(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_jsonl_keeps_order_and_ids_and_names_bad_lines_by_number(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(LINES), encoding="utf-8")

    done = lapwing("classify", str(path), "--labels", "security, flood", "--format", "jsonl")

    assert done.status == 0, done.err
    found = rows(done.out)
    assert [row["id"] for row in found] == ["a", 7, 4, "z"]
    assert [row["label"] for row in found] == ["security", found[1]["label"], None, "flood"]
    assert [row["alert"] for row in found] == [True, False, False, True]
    assert found[2] == {"id": 4, "label": None, "score": None, "scores": {}, "alert": False}
    assert found[0]["score"] == max(found[0]["scores"].values())
    assert list(found[0]["scores"]) == ["security", "flood"]
    for number in (3, 5, 6):
        assert f"line {number} is skipped" in done.err
    assert "4 classified, 3 skipped" in done.err


def test_plain_lines_from_standard_input_in_exclusive_mode_share_100_percent() -> None:
    typed = "Stocks fell after the bank's results\nThe striker scored twice in the cup final\n"
    labels = ["--label", "Business=business, companies and finance", "--label", "Sports=sports"]

    done = lapwing("classify", "-", *labels, "--mode", "exclusive", "--format", "jsonl", typed=typed)

    assert done.status == 0, done.err
    found = rows(done.out)
    assert [row["label"] for row in found] == ["Business", "Sports"]
    assert [row["id"] for row in found] == [1, 2]
    assert all(sum(row["scores"].values()) == pytest.approx(1, abs=1e-5) for row in found)


def test_the_table_has_a_line_a_text_and_lets_no_text_forge_one() -> None:
    typed = "River levels are rising \x1b[31m fast\n"
    done = lapwing("classify", "-", "--labels", "flood", "--engine", "null", typed=typed)
    head, line = done.out.splitlines()
    assert head.split() == ["id", "label", "score", "alert", "text"]
    assert line.split()[1] == "flood"
    assert "\x1b" not in line


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "Labels are missing"),
        (["--labels", "Fire, fire"], "differ only in case"),
        (["--label", "World"], "needs a name and a description"),
        (["--labels", "a", "--template", "no place"], "{}"),
        (["--labels", "a", "--template", "{} and {}"], "{}"),
        (["--labels", "a", "--threshold", "1"], "1% or 100%"),
        (["--labels", "a", "--threshold", "many"], '"many" is not a percentage'),
        (["--labels", "a", "--engine", "embeding"], "embedding"),
        (["--labels", "a", "--mode", "both"], "--mode"),
        (["nowhere.txt", "--labels", "a"], "nowhere.txt"),
    ],
)
def test_wrong_use_ends_with_2_and_names_what_is_wrong(arguments: list[str], named: str) -> None:
    done = lapwing("classify", *arguments)
    assert done.status == 2
    assert named in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
