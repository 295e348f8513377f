"""A JSONL file as a source: what its lines say, when they are played, and where it goes on."""

import asyncio
import json
import logging
import math
import os
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.replay import PROGRESS_LINES, Replay
from sources.replay_file import MAX_LINE_BYTES
from sources.replay_lines import BadLineError, DeletionLine, parse_line
from sources.types import (
    Account,
    AccountNotFoundError,
    Arrival,
    Cursor,
    Deletion,
    Handle,
    Post,
    PostKind,
    SourceUnreadableError,
)
from tests.fakes.clock import FakeClock
from tests.fakes.source import wanting

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SEC = Account(source="x", id="vendor_sec", handle="vendor_sec")
NEWS = Account(source="x", id="news", handle="news")


def line(number: int, *, author: object = "vendor_sec", **fields: object) -> dict[str, object]:
    return {"id": str(number), "text": f"post {number}", "author": author, **fields}


def at(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat()


def write(path: Path, lines: Iterable[object]) -> Path:
    """Objects become JSON; bytes go in as they are."""
    raw = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in lines)
    return put(path, b"".join(part + b"\n" for part in raw))


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def remove(path: Path) -> None:
    path.unlink()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "posts.jsonl"


async def opened(path: Path, *, speed: float = math.inf, clock: FakeClock | None = None) -> Replay:
    """A replay of which both accounts are watched."""
    replay = await Replay.open(path, clock=clock or FakeClock(), speed=speed)
    await replay.watch(wanting(SEC, NEWS))
    return replay


async def arrivals(replay: Replay, after: Cursor | None = None) -> list[Arrival]:
    async with asyncio.timeout(30):
        return [arrival async for arrival in replay.posts({} if after is None else {"": after})]


async def posts(replay: Replay, after: Cursor | None = None) -> list[Post]:
    return [arrival.post for arrival in await arrivals(replay, after) if arrival.post]


async def ids(replay: Replay, after: Cursor | None = None) -> list[str]:
    return [post.id for post in await posts(replay, after)]


async def seconds_played(replay: Replay) -> list[float]:
    """When each post was played, counted from the first."""
    played = [post.current_from for post in await posts(replay)]
    return [(moment - played[0]).total_seconds() for moment in played]


class TestWhatALineSays:
    async def test_a_post_carries_all_that_its_line_says(self, path: Path) -> None:
        full = {
            "id": "17",
            "text": "Patch now 🔥 <b>&amp;",
            "author": "@Vendor_Sec",
            "author_name": "Vendor Security",
            "source": "x",
            "created_at": "2026-11-02T13:00:00+01:00",
            "kind": ["reply", "quote"],
            "lang": "en",
            "url": "https://example.com/17",
            "label": "security",
            "likes": {"count": 3},
        }
        clock = FakeClock()
        assert await posts(await opened(write(path, [full]), clock=clock)) == [
            Post(
                source="x",
                id="17",
                author=Account(source="x", id="vendor_sec", handle="Vendor_Sec", name="Vendor Security"),
                text="Patch now 🔥 <b>&amp;",
                published_at=NOON,
                kinds=frozenset({PostKind.REPLY, PostKind.QUOTE}),
                lang="en",
                url="https://example.com/17",
                played_at=clock.now(),
            )
        ]

    async def test_a_line_without_a_date_was_published_when_it_was_played(self, path: Path) -> None:
        clock = FakeClock()
        [post] = await posts(await opened(write(path, [line(1)]), clock=clock))
        assert post.published_at == post.played_at == clock.now()

    async def test_an_invented_post_gets_no_address(self, path: Path) -> None:
        [post] = await posts(await opened(write(path, [line(1)])))
        assert (post.source, post.url, post.lang, post.kinds) == ("x", "", "", frozenset())

    async def test_null_is_the_same_as_absent(self, path: Path) -> None:
        nothing = dict.fromkeys(["author_name", "source", "created_at", "kind", "lang", "url"])
        [post] = await posts(await opened(write(path, [line(1, **nothing)])))
        assert (post.source, post.author.name, post.url) == ("x", "", "")

    async def test_an_id_is_the_same_as_number_or_string(self, path: Path) -> None:
        same = [line(1, id=1234567890123456789), line(2, id="1234567890123456789")]
        assert set(await ids(await opened(write(path, same)))) == {"1234567890123456789"}

    @pytest.mark.parametrize("written", ["2026-11-02T12:00:00", "2026-11-02T12:00:00Z", "2026-11-02T07:00:00-05:00"])
    async def test_a_date_is_in_utc_unless_it_says_otherwise(self, path: Path, written: str) -> None:
        [post] = await posts(await opened(write(path, [line(1, created_at=written)])))
        assert post.published_at == NOON
        assert post.published_at.tzinfo is UTC

    @pytest.mark.parametrize(
        "text", ["", "a" * 100_000, "nul \x00 bell \x07 escape \x1b", "two\nlines", "e\u0301 ﬁ 🇩🇪"]
    )
    async def test_any_text_passes_unaltered(self, path: Path, text: str) -> None:
        [post] = await posts(await opened(write(path, [line(1, text=text)])))
        assert post.text == text

    async def test_a_raw_control_character_in_a_text_does_not_cost_the_post(self, path: Path) -> None:
        raw = b'{"id": 1, "author": "news", "text": "a\x00b\tc"}'
        [post] = await posts(await opened(write(path, [raw])))
        assert post.text == "a\x00b\tc"

    @pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\n\n", b"\n  \n"])
    async def test_line_ends_and_blank_lines_of_any_kind_are_no_problem(self, path: Path, newline: bytes) -> None:
        put(path, b"\xef\xbb\xbf" + newline.join(json.dumps(line(number)).encode() for number in range(3)))
        replay = await opened(path)
        assert await ids(replay) == ["0", "1", "2"]
        assert replay.bad_lines == 0


BAD_LINES = [
    (b'{"id": 1, "text": "hid', "not JSON at column"),
    (b"hidden", "not JSON at column"),
    (b'{"id": 1, "text": "hidden", "author": "news"} {}', "not JSON at column"),
    (b'{"id": 1, "text": "hidden \xff", "author": "news"}', "not UTF-8 at byte"),
    (b'{"id": 1, "author": "news", "text": "hidden \\ud83d"}', "text holds half a surrogate pair"),
    (b"[" * 100_000, "nested too deeply"),
    (b'{"id": ' + b"1" * 5000 + b"}", "too many digits"),
    (b'"hidden"', "not a JSON object"),
    (b'[{"id": 1}]', "not a JSON object"),
    ({"text": "hidden", "author": "news"}, "has no id"),
    (line(1, id=True), "id is not a string"),
    (line(1, id=1.5), "id is not a string"),
    (line(1, id=""), "id is empty"),
    (line(1, id="1\n2"), "id is empty or holds a space or a control character"),
    ({"id": 1, "author": "news"}, "has no text"),
    (line(1, text=None), "has no text"),
    (line(1, text=["hidden"]), "text is not a string"),
    ({"id": 1, "text": "hidden"}, "has no author"),
    (line(1, author="@"), "author is empty"),
    (line(1, author="two words"), "author is empty or holds a space"),
    (line(1, author={"name": "news"}), "author is not a string"),
    (line(1, author_name=5), "author_name is not a string"),
    (line(1, source="X"), "source is none of x, bluesky, mastodon, rss"),
    (line(1, created_at="yesterday"), "created_at is not an ISO 8601 date"),
    (line(1, created_at="02/11/26 12:00"), "created_at is not an ISO 8601 date"),
    (line(1, created_at=1762081200), "created_at is not a string"),
    (line(1, created_at="0001-01-01T00:00:00+02:00"), "created_at is outside the years"),
    (line(1, kind="repost"), "kind is not one of retweet, reply, quote"),
    (line(1, kind=[["reply"]]), "kind is not one of"),
    (line(1, lang=["en"]), "lang is not a string"),
    (line(1, url="javascript:alert(1)"), "url is not an address of the web"),
    (line(1, url="https://example.com/ hidden"), "url is empty or holds a space"),
]


class TestBadLines:
    @pytest.mark.parametrize(("bad", "reason"), BAD_LINES)
    async def test_a_bad_line_is_counted_named_and_passed_by(
        self, path: Path, bad: object, reason: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        replay = await opened(write(path, [line(1), bad, line(3)]))
        assert await ids(replay) == ["1", "3"]
        assert replay.bad_lines == 1
        assert replay.last_problem.startswith("line 2 ")
        assert reason in replay.last_problem
        [record] = caplog.records
        assert record.name == "lapwing.sources.replay"
        assert record.getMessage().startswith("skip file=posts.jsonl line=2 reason=")
        assert reason in record.getMessage()
        assert not any(text in record.getMessage() for text in ("hid", "post 1"))

    async def test_a_line_over_4_mib_is_never_held_whole(self, path: Path) -> None:
        with path.open("wb") as file:
            file.write(json.dumps(line(1)).encode() + b"\n")
            for _ in range(8 * 4):
                file.write(b"x" * 2**20)
            file.write(b"\n" + json.dumps(line(3)).encode())
        tracemalloc.start()
        replay = await opened(path)
        assert await ids(replay) == ["1", "3"]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert replay.last_problem == f"line 2 is longer than {MAX_LINE_BYTES} bytes"
        assert peak < 4 * MAX_LINE_BYTES

    async def test_a_line_of_exactly_4_mib_is_a_post(self, path: Path) -> None:
        frame = len(json.dumps(line(1, text="")))
        write(path, [line(1, text="x" * (MAX_LINE_BYTES - frame)), line(2)])
        replay = await opened(path)
        assert [len(post.text) for post in await posts(replay)] == [MAX_LINE_BYTES - frame, len("post 2")]

    async def test_a_file_of_bad_lines_only_plays_nothing_and_ends(self, path: Path) -> None:
        replay = await opened(write(path, [b"id,text,author", b"1,hello,news"]))
        assert await ids(replay) == []
        assert replay.bad_lines == 2

    async def test_good_lines_are_not_logged(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "lapwing")
        await posts(await opened(write(path, (line(number) for number in range(300)))))
        assert caplog.records == []

    @settings(deadline=None)  # two cores shared by all: a slow example is no failure
    @given(st.binary())
    def test_any_bytes_are_a_line_or_a_bad_line(self, raw: bytes) -> None:
        try:
            said = parse_line(raw)
        except BadLineError:
            return
        assert said.deleted.id if isinstance(said, DeletionLine) else said.author.id

    @settings(deadline=None)  # two cores shared by all: a slow example is no failure
    @given(
        st.fixed_dictionaries(
            {},
            optional={
                field: st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())
                for field in ("id", "text", "author", "author_name", "source", "created_at", "kind", "lang", "url")
            }
            | {"deleted": st.booleans() | st.text()},
        )
    )
    def test_any_object_is_a_post_a_deletion_or_a_bad_line(self, record: dict[str, object]) -> None:
        try:
            said = parse_line(json.dumps(record).encode())
        except BadLineError:
            return
        if isinstance(said, DeletionLine):
            assert record["deleted"] is True
            assert said.deleted.id == str(record["id"])
            return
        post = said.post(now=NOON, played=True)
        assert post.text == record["text"]
        assert post.id == str(record["id"])
        assert post.author.id


class TestDeletions:
    async def test_a_deletion_arrives_in_its_place_whoever_is_watched(self, path: Path) -> None:
        write(path, [line(1), {"id": 7, "source": "bluesky", "deleted": True}, line(2), {"id": "1", "deleted": True}])
        arrivals = [arrival async for arrival in (await opened(path)).posts({})]
        assert [arrival.post.id if arrival.post else arrival.deleted for arrival in arrivals] == [
            "1",
            Deletion(source="bluesky", id="7"),
            "2",
            Deletion(source="x", id="1"),
        ]

    async def test_reading_on_after_a_deletion_does_not_tell_of_it_again(self, path: Path) -> None:
        write(path, [{"id": "1", "deleted": True}, line(2)])
        replay = await opened(path)
        first = await anext(aiter(replay.posts({})))
        rest = [arrival async for arrival in replay.posts({"": first.cursor})]
        assert (first.deleted is not None, [arrival.deleted for arrival in rest]) == (True, [None])

    async def test_a_deletion_waits_for_its_date(self, path: Path) -> None:
        write(path, [line(1, created_at=at(0)), {"id": "1", "deleted": True, "created_at": at(60)}])
        clock = FakeClock()
        replay = await Replay.open(path, clock=clock, speed=1)
        await replay.watch(wanting(SEC))
        started = clock.now()
        arrivals = [arrival async for arrival in replay.posts({})]
        assert arrivals[-1].deleted
        assert clock.now() - started == timedelta(seconds=60)

    @pytest.mark.parametrize("deleted_first", [True, False])
    async def test_recent_posts_hold_none_that_was_deleted(self, path: Path, *, deleted_first: bool) -> None:
        deletion = {"id": "3", "deleted": True}
        lines = [line(number) for number in range(1, 5)]
        write(path, [deletion, *lines] if deleted_first else [*lines, deletion])
        replay = await opened(path)
        await posts(replay)
        assert [post.id for post in await replay.recent(SEC, 2)] == ["4", "2"]

    async def test_a_line_that_says_it_is_not_deleted_is_a_post(self, path: Path) -> None:
        write(path, [line(1, deleted=False), line(2, deleted=None), line(3, deleted="no")])
        replay = await opened(path)
        assert [arrival.post.id async for arrival in replay.posts({}) if arrival.post] == ["1", "2"]
        assert replay.last_problem == "line 3 deleted is neither true nor false"


class TestPace:
    async def test_posts_are_played_as_far_apart_as_they_were_published(self, path: Path) -> None:
        write(path, [line(number, created_at=at(seconds)) for number, seconds in enumerate([0, 60, 61.5, 3600])])
        assert await seconds_played(await opened(path, speed=1)) == [0, 60, 61.5, 3600]

    async def test_n_times_as_fast_the_gaps_are_an_nth(self, path: Path) -> None:
        write(path, [line(number, created_at=at(seconds)) for number, seconds in enumerate([0, 60, 90])])
        assert await seconds_played(await opened(path, speed=60)) == [0, 1, 1.5]

    async def test_at_full_speed_no_time_passes(self, path: Path) -> None:
        write(path, [line(number, created_at=at(3600 * number)) for number in range(5)])
        assert await seconds_played(await opened(path)) == [0] * 5

    async def test_a_gap_that_goes_back_in_time_is_none(self, path: Path) -> None:
        write(path, [line(number, created_at=at(seconds)) for number, seconds in enumerate([0, 60, 20, 30])])
        assert await seconds_played(await opened(path, speed=1)) == [0, 60, 60, 70]

    async def test_a_line_without_a_date_follows_at_once_and_takes_no_time(self, path: Path) -> None:
        write(path, [line(1, created_at=at(0)), line(2), b"broken", line(3, created_at=at(60))])
        assert await seconds_played(await opened(path, speed=1)) == [0, 0, 60]

    async def test_time_passes_for_posts_that_nobody_watches(self, path: Path) -> None:
        others = [line(number, author="else", created_at=at(number)) for number in range(1, 60)]
        write(path, [line(0, created_at=at(0)), *others, line(60, created_at=at(60))])
        assert await seconds_played(await opened(path, speed=1)) == [0, 60]

    async def test_a_post_is_not_played_before_its_time(self, path: Path) -> None:
        write(path, [line(0, created_at=at(0)), line(1, created_at=at(60))])
        clock = FakeClock(held=True)
        replay = await opened(path, speed=1, clock=clock)
        async with aclosing(replay.posts({})) as stream:
            await anext(stream)
            second = asyncio.create_task(next_of(stream))
            await clock.advance(59.9)
            assert not second.done()
            await clock.advance(0.1)
            assert second.done()

    async def test_a_clock_that_always_wakes_late_does_not_slow_the_replay_down(self, path: Path) -> None:
        class LateClock(FakeClock):
            async def sleep(self, seconds: float) -> None:
                await super().sleep(seconds + 0.01)

        write(path, [line(number, created_at=at(number)) for number in range(101)])
        played = await seconds_played(await opened(path, speed=1, clock=LateClock()))
        assert played[-1] == pytest.approx(100, abs=0.02)

    async def test_a_machine_that_slept_does_not_play_the_missed_hours_in_one_go(self, path: Path) -> None:
        write(path, [line(number, created_at=at(600 * number)) for number in range(3)])
        clock = FakeClock()
        replay = await opened(path, speed=1, clock=clock)
        async with aclosing(replay.posts({})) as stream:
            await anext(stream)
            await clock.sleep(7200)
            woken = clock.now()
            await anext(stream)
        assert clock.now() - woken > timedelta(seconds=599)

    @pytest.mark.parametrize("speed", [0, -1, math.nan])
    async def test_a_speed_that_goes_nowhere_is_refused(self, path: Path, speed: float) -> None:
        with pytest.raises(ValueError, match="Give a speed above 0"):
            await Replay.open(write(path, [line(1)]), clock=FakeClock(), speed=speed)

    async def test_at_full_speed_the_rest_of_the_program_still_gets_its_turns(self, path: Path) -> None:
        write(path, (line(number, author="else") for number in range(5000)))
        turns = 0

        async def rest() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(rest())
        await posts(await opened(path))
        task.cancel()
        assert turns >= 5000 / 100


async def next_of(stream: AsyncIterator[Arrival]) -> Arrival:
    return await anext(stream)


class TestWatching:
    async def test_only_watched_accounts_are_heard(self, path: Path) -> None:
        replay = await opened(write(path, [line(1), line(2, author="news"), line(3, author="else"), line(4)]))
        await replay.watch(wanting(SEC))
        assert await ids(replay) == ["1", "4"]

    async def test_an_account_is_heard_however_its_handle_is_spelled(self, path: Path) -> None:
        replay = await opened(write(path, [line(1, author="@VENDOR_SEC"), line(2, author="Vendor_sec")]))
        assert await ids(replay) == ["1", "2"]

    async def test_the_same_handle_at_another_source_is_another_account(self, path: Path) -> None:
        replay = await opened(write(path, [line(1), line(2, source="bluesky")]))
        assert await ids(replay) == ["1"]

    async def test_nothing_passes_while_nobody_listens(self, path: Path) -> None:
        replay = await opened(write(path, [line(1), line(2)]))
        await replay.watch(wanting())
        playing = asyncio.create_task(ids(replay))
        await asyncio.sleep(0.05)
        assert not playing.done()
        await replay.watch(wanting(SEC))
        assert await playing == ["1", "2"]

    async def test_nothing_passes_before_the_gate_opens(self, path: Path) -> None:
        gate = asyncio.Event()
        replay = await Replay.open(write(path, [line(1), line(2)]), clock=FakeClock(), speed=math.inf, gate=gate)
        await replay.watch(wanting(SEC))
        playing = asyncio.create_task(ids(replay))
        await asyncio.sleep(0.05)
        assert not playing.done()
        gate.set()
        assert await playing == ["1", "2"]

    async def test_who_is_unwatched_during_a_gap_is_not_heard_after_it(self, path: Path) -> None:
        write(path, [line(1, created_at=at(0)), line(2, created_at=at(60)), line(3, author="news", created_at=at(60))])
        clock = FakeClock(held=True)
        replay = await opened(path, speed=1, clock=clock)
        async with aclosing(replay.posts({})) as stream:
            await anext(stream)
            following = asyncio.create_task(next_of(stream))
            await clock.advance(30)
            await replay.watch(wanting())
            await clock.advance(60)
            assert not following.done()
            await replay.watch(wanting(NEWS))
            heard = (await following).post
            assert heard
            assert heard.id == "3"

    async def test_a_new_watch_holds_for_the_lines_not_yet_played(self, path: Path) -> None:
        replay = await opened(write(path, [line(1), line(2, author="news"), line(3), line(4, author="news")]))
        await replay.watch(wanting(SEC))
        async with aclosing(replay.posts({})) as stream:
            await anext(stream)
            await replay.watch(wanting(NEWS))
            assert [arrival.post.id async for arrival in stream if arrival.post] == ["2", "4"]


class TestGoingOn:
    async def test_from_every_cursor_exactly_the_rest_is_played(self, path: Path) -> None:
        mixed = [line(number, author="else" if number % 3 else "vendor_sec") for number in range(30)]
        write(path, [*mixed[:10], b"broken", b"", *mixed[10:]])
        whole = await arrivals(await opened(path))
        for number, arrival in enumerate(whole):
            rest = await arrivals(await opened(path), arrival.cursor)
            assert [r.cursor for r in rest] == [w.cursor for w in whole[number + 1 :]]

    async def test_progress_past_unwatched_lines_is_kept(self, path: Path) -> None:
        lines = PROGRESS_LINES * 2 + 200
        write(path, (line(number, author="else") for number in range(lines)))
        whole = await arrivals(await opened(path))
        assert [arrival.post for arrival in whole] == [None, None, None]
        assert await arrivals(await opened(path), whole[-1].cursor) == []

    async def test_line_numbers_go_on_where_the_replay_goes_on(self, path: Path) -> None:
        write(path, [line(1), line(2), b"broken"])
        first = (await arrivals(await opened(path)))[0]
        replay = await opened(path)
        await posts(replay, first.cursor)
        assert replay.last_problem.startswith("line 3 ")

    async def test_the_first_post_after_a_restart_does_not_wait(self, path: Path) -> None:
        write(path, [line(1, created_at=at(0)), line(2, created_at=at(3600))])
        first = (await arrivals(await opened(path)))[0]
        clock = FakeClock()
        before = clock.now()
        assert await ids(await opened(path, speed=1, clock=clock), first.cursor) == ["2"]
        assert clock.now() == before

    async def test_a_file_that_grew_is_played_from_where_it_ended(self, path: Path) -> None:
        write(path, [line(1), line(2)])
        last = (await arrivals(await opened(path)))[-1]
        write(path, [line(1), line(2), line(3)])
        assert await ids(await opened(path), last.cursor) == ["3"]

    @pytest.mark.parametrize("ends", [b"\n", b""])
    async def test_after_the_last_line_there_is_nothing_more(self, path: Path, ends: bytes) -> None:
        put(path, json.dumps(line(1)).encode() + ends)
        last = (await arrivals(await opened(path)))[-1]
        assert await arrivals(await opened(path), last.cursor) == []

    async def test_a_cursor_of_another_file_starts_from_the_beginning(
        self, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        other = write(path.with_name("other.jsonl"), [line(8), line(9)])
        cursor = (await arrivals(await opened(other)))[0].cursor
        assert await ids(await opened(write(path, [line(1), line(2)])), cursor) == ["1", "2"]
        assert "restart file=posts.jsonl reason=the cursor is of another file" in caplog.text

    async def test_a_cursor_beyond_the_end_starts_from_the_beginning(self, path: Path) -> None:
        last = (await arrivals(await opened(write(path, [line(1), line(2), line(3)]))))[-1]
        assert await ids(await opened(write(path, [line(1), line(2)])), last.cursor) == ["1", "2"]

    async def test_a_cursor_into_the_middle_of_a_changed_line_starts_from_the_beginning(self, path: Path) -> None:
        middle = (await arrivals(await opened(write(path, [line(1), line(2), line(3)]))))[1]
        write(path, [line(1), line(2, text="a longer text than before"), line(3)])
        assert await ids(await opened(path), middle.cursor) == ["1", "2", "3"]

    @pytest.mark.parametrize("cursor", ["", "nonsense", "1:2", "-1:5:0123456789abcdef", "٣:٣:0123456789abcdef"])
    async def test_what_is_no_cursor_of_a_replay_starts_from_the_beginning(self, path: Path, cursor: str) -> None:
        assert await ids(await opened(write(path, [line(1), line(2)])), Cursor(cursor)) == ["1", "2"]

    async def test_a_stream_left_early_can_be_taken_up_by_the_same_replay(self, path: Path) -> None:
        replay = await opened(write(path, [line(1), line(2), line(3)]))
        async with aclosing(replay.posts({})) as stream:
            first = await anext(stream)
        assert await ids(replay, first.cursor) == ["2", "3"]

    async def test_an_empty_file_ends_at_once(self, path: Path) -> None:
        assert await arrivals(await opened(write(path, []))) == []


class TestRecent:
    async def test_the_last_posts_played_come_newest_first(self, path: Path) -> None:
        replay = await opened(write(path, (line(number, created_at=at(number)) for number in range(30))))
        await posts(replay)
        assert [post.id for post in await replay.recent(SEC, 3)] == ["29", "28", "27"]

    async def test_posts_not_yet_played_are_not_shown(self, path: Path) -> None:
        replay = await opened(write(path, (line(number) for number in range(5))))
        assert await replay.recent(SEC, 20) == []
        async with aclosing(replay.posts({})) as stream:
            for _ in range(2):
                await anext(stream)
            assert [post.id for post in await replay.recent(SEC, 20)] == ["1", "0"]

    async def test_posts_that_passed_by_unwatched_are_shown(self, path: Path) -> None:
        replay = await opened(write(path, [line(1), line(2, author="News"), line(3, author="news"), line(4)]))
        await replay.watch(wanting(SEC))
        await posts(replay)
        assert [post.id for post in await replay.recent(NEWS, 20)] == ["3", "2"]

    async def test_after_a_restart_what_was_played_before_is_shown(self, path: Path) -> None:
        write(path, (line(number) for number in range(5)))
        cursor = (await arrivals(await opened(path)))[2].cursor
        replay = await opened(path)
        async with aclosing(replay.posts({"": cursor})) as stream:
            await anext(stream)
            assert [post.id for post in await replay.recent(SEC, 20)] == ["3", "2", "1", "0"]

    async def test_a_post_that_stands_twice_in_the_file_is_shown_once(self, path: Path) -> None:
        replay = await opened(write(path, [line(1), line(2), line(1), line(3)]))
        await posts(replay)
        assert [post.id for post in await replay.recent(SEC, 3)] == ["3", "1", "2"]

    async def test_a_post_shown_was_not_played(self, path: Path) -> None:
        replay = await opened(write(path, [line(1)]))
        await posts(replay)
        [post] = await replay.recent(SEC, 1)
        assert post.played_at is None

    @pytest.mark.parametrize("limit", [0, -1])
    async def test_no_posts_are_shown_where_none_are_asked_for(self, path: Path, limit: int) -> None:
        replay = await opened(write(path, [line(1)]))
        await posts(replay)
        assert await replay.recent(SEC, limit) == []


class TestAccounts:
    async def test_an_account_is_found_in_any_spelling_with_the_name_its_lines_give(self, path: Path) -> None:
        replay = await opened(write(path, [line(1, author_name="Vendor Security"), line(2)]))
        found = await replay.resolve(Handle(source="x", name="VENDOR_sec"))
        assert found == Account(source="x", id="vendor_sec", handle="vendor_sec", name="Vendor Security")

    async def test_an_account_far_down_the_file_is_found_before_anything_is_played(self, path: Path) -> None:
        replay = await opened(write(path, [*(line(number) for number in range(1000)), line(1000, author="late")]))
        assert (await replay.resolve(Handle(source="x", name="late"))).id == "late"

    async def test_an_unknown_handle_brings_the_nearest_of_its_source(self, path: Path) -> None:
        authors = ["Vendor_Sec", "vendor_secure", "vendor_news", "vendor_soc", "harbour"]
        bluesky = line(9, author="vendro_sec", source="bluesky")
        replay = await opened(write(path, [*(line(1, author=author) for author in authors), bluesky]))
        with pytest.raises(AccountNotFoundError) as missing:
            await replay.resolve(Handle(source="x", name="vendro_sec"))
        assert missing.value.suggestions[0] == "Vendor_Sec"
        assert len(missing.value.suggestions) == 3

    async def test_a_handle_like_no_other_brings_no_suggestion(self, path: Path) -> None:
        replay = await opened(write(path, [line(1)]))
        with pytest.raises(AccountNotFoundError, match="no account @qqq on x") as missing:
            await replay.resolve(Handle(source="x", name="qqq"))
        assert missing.value.suggestions == ()

    async def test_a_replay_stands_for_x_and_every_source_in_its_file(self, path: Path) -> None:
        replay = await opened(
            write(path, [line(1, source="bluesky"), line(2, source="rss", author="https://a.example")])
        )
        assert replay.serves == {"x", "bluesky", "rss"}
        assert replay.name == "replay"


class TestUnreadable:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [("missing.jsonl", "No such file"), (".", "not a file"), ("pipe", "not a file"), ("a\0b", "null byte")],
    )
    async def test_what_cannot_be_read_is_refused_with_its_path_and_the_way_out(
        self, tmp_path: Path, name: str, reason: str
    ) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(SourceUnreadableError, match="Name a JSONL file that Lapwing may read") as refusal:
            await Replay.open(tmp_path / name, clock=FakeClock())
        assert str(tmp_path / name) in str(refusal.value)
        assert reason in str(refusal.value)

    async def test_a_file_that_vanishes_is_reported_and_not_taken_for_its_end(self, path: Path) -> None:
        replay = await opened(write(path, (line(number) for number in range(1000))))
        async with aclosing(replay.posts({})) as stream:
            await anext(stream)
            remove(path)
            with pytest.raises(SourceUnreadableError, match=r"posts\.jsonl"):
                _ = [arrival async for arrival in stream]


SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real posts in ../shared/data are not here")
@pytest.mark.parametrize("dataset", ["corporate_messaging", "new_years_2015"])
async def test_real_posts_are_played_whatever_else_their_lines_hold(path: Path, dataset: str) -> None:
    with (SHARED / dataset / "dev.jsonl").open() as file:
        records = [json.loads(part) for part in islice(file, 500)]
    undated = [{key: value for key, value in record.items() if key != "created_at"} for record in records]
    replay = await opened(write(path, undated))
    await replay.watch(wanting(*(Account(source="x", id=record["author"], handle="") for record in undated)))
    assert [post.text for post in await posts(replay)] == [record["text"] for record in records]
