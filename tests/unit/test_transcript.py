"""What the terminal remembers of what it has shown."""

import stat
from pathlib import Path

import pytest

from bot.chat.transcript import Transcript, TranscriptUnusableError
from storage.types import DeliveryKey

A, B, C = DeliveryKey("a"), DeliveryKey("b"), DeliveryKey("c")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapwing.db.console"


def test_a_message_that_was_shown_is_found(path: Path) -> None:
    with Transcript(path) as transcript:
        receipt = transcript.add(A)

        assert transcript.find(A) == receipt
        assert transcript.find(B) is None


def test_a_message_that_was_shown_is_found_after_a_restart(path: Path) -> None:
    with Transcript(path) as transcript:
        receipts = [transcript.add(A), transcript.add(B)]

    with Transcript(path) as again:
        assert [again.find(A), again.find(B), again.find(C)] == [*receipts, None]


def test_a_message_is_remembered_before_the_transcript_is_closed(path: Path) -> None:
    with Transcript(path) as first:
        first.add(A)

        with Transcript(path) as second:
            assert second.find(A) is not None


def test_every_message_has_a_receipt_of_its_own_across_restarts(path: Path) -> None:
    with Transcript(path) as transcript:
        receipts = [transcript.add(A), transcript.add(B)]
    with Transcript(path) as again:
        receipts.append(again.add(C))

    assert len(set(receipts)) == 3


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_message_whose_line_was_torn_by_a_kill_is_not_found(path: Path, cut: int) -> None:
    with Transcript(path) as transcript:
        transcript.add(A)
        transcript.add(B)
    path.write_bytes(path.read_bytes()[:-cut])

    with Transcript(path) as again:
        assert again.find(A) is not None
        assert (again.find(B) is None) == (cut > 1)  # only its line break is missing


def test_what_is_shown_after_a_torn_line_is_found_after_the_next_restart(path: Path) -> None:
    path.write_bytes(b'{"key": "a", "message": "1"}\n{"key": "b", "mess')
    with Transcript(path) as transcript:
        receipt = transcript.add(C)

    with Transcript(path) as again:
        assert again.find(C) == receipt
        assert again.find(A) is not None
        assert receipt != again.find(A)
        assert again.find(B) is None


@pytest.mark.parametrize(
    "damage",
    [b"\x00\xff\xfe", b"not JSON", b"[]", b"7", b"null", b"{}", b'{"key": ["a"], "message": "1"}', b'{"key": "x"}'],
    ids=repr,
)
def test_a_damaged_line_hides_no_other(path: Path, damage: bytes) -> None:
    path.write_bytes(damage + b'\n{"key": "a", "message": "1"}\n' + damage)

    with Transcript(path) as transcript:
        assert transcript.find(A) == "1"
        assert transcript.find(DeliveryKey("x")) is None


def test_a_key_of_any_characters_takes_one_line(path: Path) -> None:
    odd = DeliveryKey('quote " break \n separator \u2028 half \ud800')
    with Transcript(path) as transcript:
        transcript.add(odd)
        transcript.add(B)

    with Transcript(path) as again:
        assert again.find(odd) == "1"
        assert again.find(B) == "2"
    assert path.read_bytes().count(b"\n") == 2


def test_only_its_owner_may_read_the_transcript(path: Path) -> None:
    with Transcript(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_message_taken_back_is_not_found_now_or_after_a_restart(tmp_path: Path) -> None:
    with Transcript(tmp_path / "transcript") as transcript:
        transcript.add(DeliveryKey("shown"))
        transcript.add(DeliveryKey("not shown"))
        transcript.take_back(DeliveryKey("not shown"))
        assert transcript.find(DeliveryKey("not shown")) is None
    with Transcript(tmp_path / "transcript") as transcript:
        assert transcript.find(DeliveryKey("not shown")) is None
        assert transcript.find(DeliveryKey("shown")) is not None
        assert transcript.add(DeliveryKey("next")) != transcript.find(DeliveryKey("shown"))


def test_a_file_that_cannot_be_opened_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "transcript").mkdir()
    with pytest.raises(TranscriptUnusableError, match="transcript cannot be opened"):
        Transcript(tmp_path / "transcript").__enter__()
