"""X over real sockets: the real transport against the local X. Time passes only where a test lets it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sources.types import Account, AccountNotFoundError, Deletion, Handle, PostKind, SourceError, Wanted
from sources.x.source import Manner, open_x
from tests.fakes.x import faults
from tests.fakes.x.answers import Answer
from tests.fakes.x.passing import settle
from tests.fakes.x.scene import Scene, scene_with
from tests.fakes.x.scripted import Cut
from tests.fakes.x.server import TOKEN
from tests.fakes.x.world import as_line


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with scene_with() as made:
        yield made


async def test_a_new_post_of_a_watched_account_is_given_and_others_are_not(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        scene.x.world.say("bob", "not this")
        scene.x.world.say("alice", "R&D is <this>")
        await scene.until(lambda: scene.texts)
    [post] = [arrival.post for arrival in scene.given if arrival.post]
    assert post.text == "R&D is <this>"
    assert post.author.handle == "alice"
    assert scene.x.world.rules.values == {f"from:{post.author.id}"}


async def test_the_token_is_sent_and_lapwing_says_who_it_is(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
    assert all(request.headers["Authorization"] == f"Bearer {TOKEN}" for request in scene.x.requests)
    assert all(request.headers["User-Agent"].startswith("Lapwing") for request in scene.x.requests)


async def test_rules_follow_the_watch_list_while_the_stream_goes_on(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        await scene.watch("bob", without=frozenset({PostKind.RETWEET}))
        bob = scene.x.world.user("bob")["id"]
        await scene.until(lambda: scene.x.world.rules.values == {f"from:{bob} -is:retweet"})
        scene.x.world.say("alice", "unwatched")
        first = scene.x.world.say("bob", "watched")
        scene.x.world.say("bob", "RT", retweet_of=first["id"])
        await scene.until(lambda: scene.texts == ["watched"])
        assert len([1 for _, kind, _ in scene.x.answers.asked if kind == "stream"]) == 1


async def test_the_first_who_is_watched_has_a_rule_before_the_stream_is_asked_for(scene: Scene) -> None:
    """X refuses a stream without rules, and would have to be left alone for five seconds."""
    await scene.watch()
    async with scene.reading():
        await scene.passes(60)
        await scene.watch("alice")
        await scene.connected()
    assert len(_asked(scene, "stream")) == 1


async def test_what_is_posted_while_x_is_away_right_after_the_first_watch_is_found(scene: Scene) -> None:
    scene.x.next_streams = [faults.BUSY_PAGE] * 3
    await scene.watch()
    async with scene.reading():
        await scene.passes(60)
        await scene.watch("alice")
        await scene.passes(1)
        scene.x.world.say("alice", "first of all")
        await scene.until(lambda: scene.texts == ["first of all"])


async def test_when_nobody_is_watched_any_more_the_stream_rests(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        await scene.watch()
        await scene.until(lambda: not scene.x.world.rules.held)
        await scene.until(lambda: not scene.x.is_connected)
        assert scene.source.trouble() == ""


async def test_an_edit_is_the_same_post(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        tweet = scene.x.world.say("alice", "first")
        scene.x.world.edit(tweet["id"], "second")
        await scene.until(lambda: len(scene.texts) == 2)
    assert {arrival.post.id for arrival in scene.given if arrival.post} == {tweet["id"]}


async def test_a_long_post_and_a_retweet_are_given_whole(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        tweet = scene.x.world.say("alice", "long " * 100)
        scene.x.world.say("alice", "RT @alice: long …", retweet_of=tweet["id"])
        await scene.until(lambda: len(scene.texts) == 2)
    assert scene.texts == ["long " * 100, "RT @alice: " + "long " * 100]


async def test_a_deleted_post_is_noticed_when_it_is_looked_at_again() -> None:
    async with scene_with(Manner(looks=(timedelta(minutes=2),))) as scene:
        await scene.watch("alice")
        async with scene.reading():
            await scene.connected()
            scene.x.world.say("alice", "kept")
            gone = scene.x.world.say("alice", "gone")
            await scene.until(lambda: len(scene.texts) == 2)
            scene.x.world.delete(gone["id"])
            await scene.until(lambda: [arrival for arrival in scene.given if arrival.deleted])
            await scene.passes(300)
    assert [arrival.deleted for arrival in scene.given if arrival.deleted] == [Deletion(source="x", id=gone["id"])]
    assert len(_asked(scene, "lookup")) == 1


async def test_where_no_looks_are_wanted_none_are_made() -> None:
    async with scene_with(Manner(looks=())) as scene:
        await scene.watch("alice")
        async with scene.reading():
            await scene.connected()
            scene.x.world.say("alice", "one")
            await scene.passes(4_000)
    assert not _asked(scene, "lookup")


async def test_a_restart_neither_loses_nor_skips_what_was_posted_meanwhile(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        scene.x.world.say("alice", "before")
        await scene.until(lambda: scene.texts)
    await scene.clock.advance(3_600)
    scene.x.world.say("alice", "meanwhile", ago=timedelta(minutes=30))
    async with scene.reading(scene.after):
        await scene.connected()
        scene.x.world.say("alice", "after")
        await scene.until(lambda: "meanwhile" in scene.texts)
    assert set(scene.texts) == {"before", "meanwhile", "after"}
    assert scene.source.state().recovered == 2


async def test_a_first_line_that_cannot_be_read_does_not_hide_what_was_posted_before(scene: Scene) -> None:
    async def garble() -> None:
        scene.x.say(b'{"data": {"id": garbled}}\r\n')

    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        scene.x.world.say("alice", "before")
        await scene.until(lambda: scene.texts)
    await scene.clock.advance(600)
    scene.x.world.say("alice", "meanwhile", ago=timedelta(minutes=5))
    scene.x.on_connected = garble
    async with scene.reading(scene.after):
        await scene.until(lambda: "meanwhile" in scene.texts)


async def test_a_gap_that_was_not_searched_yet_is_searched_after_a_restart(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        await scene.until(lambda: scene.given)
        scene.x.say(Cut.ABORT)
        scene.x.world.say("alice", "unheard")
        await scene.until(lambda: scene.source.state().gaps)
        scene.x.world.say("alice", "heard")
        await scene.until(lambda: scene.texts == ["heard"])
    await scene.clock.advance(600)
    async with scene.reading(scene.after):
        await scene.until(lambda: "unheard" in scene.texts)


CONNECT_FAULTS: list[tuple[str, list[Answer | bytes], float, str]] = [
    ("401", [faults.UNAUTHORIZED] * 2, 15, "X_BEARER_TOKEN"),
    ("402", [faults.NO_CREDITS], 5, "no credits"),
    ("403", [faults.FORBIDDEN], 5, "may not use the stream"),
    ("409", [faults.CONFLICT], 5, "no rules"),
    ("429", [faults.TOO_MANY_REQUESTS], 60, "asked for a pause"),
    ("503 as HTML", [faults.BUSY_PAGE] * 3, 35, "status 503"),
    ("TooManyConnections", [as_line(faults.TOO_MANY_CONNECTIONS)], 5, "one connection"),
    ("credits depleted on the stream", [as_line(faults.CREDITS_DEPLETED)], 5, "no credits"),
    ("capped on the stream", [as_line(faults.CAPPED)], 5, "cap of the X plan"),
    ("clean closes", [b""] * 3, 1.5, "X ended the stream"),
    ("half a line", [b'{"data": {"id"'], 0.25, "X ended the stream"),
]


@pytest.mark.parametrize(
    ("answers", "waits_s", "words"), [one[1:] for one in CONNECT_FAULTS], ids=[one[0] for one in CONNECT_FAULTS]
)
async def test_a_refused_connection_is_told_waited_out_as_documented_and_forgotten(
    scene: Scene, answers: list[Answer | bytes], waits_s: float, words: str
) -> None:
    scene.x.next_streams = list(answers)
    await scene.watch("alice")
    async with scene.reading():
        await scene.until(lambda: words in scene.source.trouble())
        began = scene.clock.now()
        await scene.connected()
        assert (scene.clock.now() - began).total_seconds() == pytest.approx(waits_s, abs=0.3)
        scene.x.world.say("alice", "at last")
        await scene.until(lambda: scene.texts == ["at last"])
        assert scene.source.trouble() == ""


async def test_429_is_waited_out_until_the_time_that_x_names(scene: Scene) -> None:
    scene.x.next_streams = [faults.too_many_until(scene.clock.now() + timedelta(seconds=200))]
    await scene.watch("alice")
    async with scene.reading():
        began = scene.clock.now()
        await scene.connected()
        assert (scene.clock.now() - began).total_seconds() == pytest.approx(201, abs=1)


async def test_429_while_x_still_holds_the_connection_before_is_waited_out_from_a_minute_on(scene: Scene) -> None:
    """Requests are left: the limit whose reset X names beside it is not the one that was met."""
    scene.x.next_streams = [faults.still_connected(scene.clock.now() + timedelta(minutes=14))] * 2
    await scene.watch("alice")
    async with scene.reading():
        began = scene.clock.now()
        await scene.until(lambda: "one connection" in scene.source.trouble())
        await scene.connected()
        assert (scene.clock.now() - began).total_seconds() == pytest.approx(60 + 120, abs=1)


async def test_429_with_a_time_that_is_none_is_waited_out_as_one_without(scene: Scene) -> None:
    scene.x.next_streams = [Answer(429, "busy", {"x-rate-limit-reset": "soon"})]
    await scene.watch("alice")
    async with scene.reading():
        began = scene.clock.now()
        await scene.connected()
        assert (scene.clock.now() - began).total_seconds() == pytest.approx(60, abs=1)


@pytest.mark.parametrize("cut", list(Cut))
async def test_a_connection_that_ends_is_made_again_at_once_and_what_it_missed_is_found(scene: Scene, cut: Cut) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        scene.x.world.say("alice", "one")
        await scene.until(lambda: scene.texts)
        scene.x.say(cut)
        await scene.until(lambda: not scene.x.is_connected)
        scene.x.world.say("alice", "missed")
        began = scene.clock.now()
        await scene.connected()
        assert (scene.clock.now() - began).total_seconds() < 1
        await scene.until(lambda: "missed" in scene.texts)


async def test_a_stall_is_found_within_21_seconds(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        scene.x.world.say("alice", "one")
        await scene.until(lambda: scene.texts)
        scene.x.stall()
        began = scene.clock.now()
        scene.x.world.say("alice", "missed")
        await scene.until(lambda: _connects(scene) == 2)
        assert 20 < (scene.clock.now() - began).total_seconds() <= 21
        await scene.until(lambda: "missed" in scene.texts)


async def test_keep_alives_keep_a_quiet_stream(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        await scene.passes(130)
        assert _connects(scene) == 1
        assert len(scene.given) >= 6  # and move the position


async def test_lines_that_cannot_be_read_are_counted_named_and_searched_for(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        scene.x.world.say("alice", "one")
        await scene.until(lambda: scene.texts)
        scene.x.say(b'{"data": {"id": garbled}}\r\n')
        scene.x.world.say("alice", "two")
        await scene.until(lambda: "two" in scene.texts)
        assert scene.source.state().skipped == 1
        assert "garbled" in scene.source.trouble()
        await scene.until(lambda: scene.source.state().gaps == 1 and _asked(scene, "search"))


async def test_a_rule_without_a_tag_and_errors_beside_a_post_do_not_end_the_stream(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        line = scene.x.world.line(scene.x.world.say("alice", "one"))
        assert line
        line |= {"matching_rules": [{"id": 1}], "errors": [{"title": "Not Found Error"}]}
        scene.x.say(as_line(line))
        scene.x.say(as_line(faults.SOMETHING_NEW))
        scene.x.world.say("alice", "two")
        await scene.until(lambda: scene.texts == ["one", "one", "two"])
        assert _connects(scene) == 1


async def test_lines_that_come_twice_or_out_of_order_are_given_as_they_come(scene: Scene) -> None:
    """The inbox knows a post again, and does not mind its turn."""
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        lines = [scene.x.world.line(scene.x.world.say("alice", text)) for text in ("one", "two", "three")]
        await scene.until(lambda: len(scene.texts) == 3)
        scene.x.say(b"".join(as_line(line) for line in reversed(lines) if line))
        await scene.until(lambda: scene.texts[3:] == ["three", "two", "one"])
    assert len({arrival.post.id for arrival in scene.given if arrival.post}) == 3


async def test_a_second_reading_ends_the_first_one(scene: Scene) -> None:
    """A program that lets go of a reading without ending it still has one connection."""
    await scene.watch("alice")
    first = scene.source.posts({})
    waiting = asyncio.ensure_future(anext(first))
    await scene.connected()
    async with scene.reading():
        await scene.until(lambda: scene.given)  # X takes a while to notice that the first one is gone
        scene.x.world.say("alice", "one")
        await scene.until(lambda: scene.texts == ["one"])
        with pytest.raises(StopAsyncIteration):
            await waiting


async def test_errors_and_then_a_close_wait_as_after_an_http_error(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        scene.x.world.say("alice", "one")
        await scene.until(lambda: scene.texts)
        scene.x.say(as_line(faults.OPERATIONAL))
        await scene.until(lambda: "reasons of its own" in scene.source.trouble())
        began = scene.clock.now()
        await scene.until(lambda: _connects(scene) == 2)
        assert (scene.clock.now() - began).total_seconds() == pytest.approx(5, abs=0.3)


async def test_an_x_that_closes_for_ever_is_not_connected_to_more_than_50_times_in_15_minutes(scene: Scene) -> None:
    scene.x.next_streams = [b"\r\n"] * 200  # well, and gone: each one may be tried again at once
    await scene.watch("alice")
    async with scene.reading():
        await scene.passes(899)
        assert 40 <= _connects(scene) <= 50


async def test_where_nothing_listens_x_is_told_to_be_unreachable(scene: Scene) -> None:
    async with open_x(token=TOKEN, url="http://127.0.0.1:9", clock=scene.clock) as source:
        lost = Scene(scene.x, source, scene.clock)
        await lost.watch("alice")
        async with lost.reading():
            await lost.until(lambda: "X cannot be reached" in source.trouble())
        with pytest.raises(SourceError, match="X cannot be reached"):
            await source.resolve(Handle(source="x", name="alice"))


async def test_rules_that_x_refuses_are_told_and_nothing_is_deleted_for_them(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        before = scene.x.world.rules.values
        scene.x.world.rules.most = 1
        await scene.watch("alice", "bob")
        await scene.until(lambda: "fewer rules" in scene.source.trouble())
        assert scene.x.world.rules.values == before
        scene.x.world.rules.most = 1_000
        await scene.until(lambda: scene.x.world.rules.values != before)
        assert scene.source.trouble() == ""


async def test_a_rule_that_x_finds_wrong_is_told_and_nothing_is_deleted_for_it(scene: Scene) -> None:
    """X says so in an answer that looks well."""
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        before = scene.x.world.rules.values
        scene.x.world.rules.most_characters = 20
        await scene.watch("alice", "bob")
        await scene.until(lambda: "X refused a rule" in scene.source.trouble())
        await scene.passes(10)
        assert scene.x.world.rules.values == before


async def test_rules_that_somebody_else_changed_are_put_right_and_what_was_missed_is_found(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        before = scene.x.world.rules.values
        scene.x.world.rules.held.clear()
        scene.x.world.rules.add([{"value": "cat has:images"}])
        scene.x.world.say("alice", "unheard")
        await scene.until(lambda: scene.x.world.rules.values == before)
        await scene.until(lambda: scene.texts == ["unheard"])


async def test_a_wrong_token_is_told_with_the_way_out() -> None:
    async with scene_with(token="wrong") as scene:
        await scene.watch("alice")
        async with scene.reading():
            await scene.until(lambda: "set X_BEARER_TOKEN" in scene.source.trouble())
        with pytest.raises(SourceError, match="X_BEARER_TOKEN"):
            await scene.source.recent(Account(source="x", id="1", handle="alice"), 20)


async def test_accounts_are_found_by_handle_in_any_case_and_kept_by_their_number(scene: Scene) -> None:
    user = scene.x.world.user("AwsCloud")
    found = await scene.source.resolve(Handle(source="x", name="awscloud"))
    assert (found.id, found.handle) == (user["id"], "AwsCloud")


async def test_a_handle_that_nobody_has_is_answered_with_the_nearest(scene: Scene) -> None:
    for handle in ("awscloud", "azure"):
        scene.x.world.user(handle)
    with pytest.raises(AccountNotFoundError) as missing:
        await scene.source.resolve(Handle(source="x", name="awsclud"))
    assert missing.value.suggestions == ("awscloud",)
    await scene.watch("azure")
    with pytest.raises(AccountNotFoundError) as missing:
        await scene.source.resolve(Handle(source="x", name="azzure"))
    assert missing.value.suggestions == ("azure",)


async def test_who_changes_their_handle_is_still_watched_and_named_as_they_are_called_now(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        scene.x.world.rename("alice", "alice_now")
        scene.x.world.say("alice_now", "same person")
        await scene.until(lambda: scene.texts)
    [post] = [arrival.post for arrival in scene.given if arrival.post]
    assert post.author.handle == "alice_now"


async def test_recent_posts_are_asked_for_once_in_a_while_and_counted(scene: Scene) -> None:
    for number in range(30):
        scene.x.world.say("alice", f"post {number}")
    alice = await scene.source.resolve(Handle(source="x", name="alice"))
    first = await scene.source.recent(alice, 20)
    assert [post.text for post in first[:2]] == ["post 29", "post 28"]
    assert await scene.source.recent(alice, 10) == first[:10]
    assert len(_asked(scene, "timeline")) == 1
    assert scene.source.state().budget == "20 posts this month"
    await scene.clock.advance(16 * 60)
    await scene.source.recent(alice, 20)
    assert len(_asked(scene, "timeline")) == 2
    assert scene.source.state().budget == "20 posts this month"  # X bills a post once a day


async def test_the_monthly_limit_pauses_with_a_warning_until_the_month_ends() -> None:
    async with scene_with(Manner(monthly_posts=5, looks=())) as scene:
        await scene.watch("alice")
        async with scene.reading():
            await scene.connected()
            for number in range(8):
                scene.x.world.say("alice", f"post {number}")
            await scene.until(lambda: "5 posts a month is reached" in scene.source.trouble())
            assert len(scene.texts) == 5  # and not the lines that came with them
            assert scene.source.state().budget == "5 of 5 posts this month"
            await scene.until(lambda: not scene.x.is_connected)
            with pytest.raises(SourceError, match="limit"):
                await scene.source.recent(Account(source="x", id="7000001", handle="alice"), 20)
        spent = scene.after
        async with scene.reading(spent):
            await scene.passes(30)
            assert not scene.x.is_connected
            for _ in range(31):
                await scene.clock.advance(86_400)
                await settle()
            await scene.connected()
            assert scene.source.trouble() == ""


async def test_more_accounts_than_fit_are_refused_before_anything_is_asked(scene: Scene) -> None:
    accounts = [Account(source="x", id=str(10**18 + number), handle=f"a{number}") for number in range(40_000)]
    reason = scene.source.refusal([Wanted(account=account) for account in accounts])
    assert "X follows" in reason
    with pytest.raises(SourceError, match="X follows"):
        await scene.source.watch([Wanted(account=account) for account in accounts])
    assert scene.source.refusal([Wanted(account=account) for account in accounts[:5_000]]) == ""
    assert not scene.x.requests


async def test_what_is_older_than_search_reaches_is_counted_as_lost(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        scene.x.world.say("alice", "before")
        await scene.until(lambda: scene.texts)
    for _ in range(9):
        await scene.clock.advance(86_400)
    scene.x.world.say("alice", "six days ago", ago=timedelta(days=6))
    async with scene.reading(scene.after):
        await scene.until(lambda: "six days ago" in scene.texts)
        assert scene.source.state().lost == 1
        assert "seven days" in scene.source.trouble()
        await scene.clock.advance(86_400)
        assert "seven days" not in scene.source.trouble()


async def test_a_search_that_fails_is_asked_again_until_it_is_answered(scene: Scene) -> None:
    await scene.watch("alice")
    async with scene.reading():
        await scene.connected()
        scene.x.world.say("alice", "one")
        await scene.until(lambda: scene.texts)
        scene.x.answers.faults["search"] = [faults.BUSY_PAGE, faults.TOO_MANY_REQUESTS, faults.UNAUTHORIZED]
        scene.x.say(Cut.CLOSE)
        await scene.until(lambda: not scene.x.is_connected)
        scene.x.world.say("alice", "missed")
        await scene.until(lambda: "search: X answered with status 503" in scene.source.trouble())
        await scene.until(lambda: "missed" in scene.texts)
        assert scene.source.trouble() == ""


async def test_rules_that_cannot_be_compared_do_not_keep_the_stream_from_those_that_x_holds(scene: Scene) -> None:
    scene.x.world.rules.add([{"value": f"from:{scene.x.world.user('alice')['id']}"}])
    scene.x.answers.faults["rules"] = [faults.BUSY_PAGE] * 8
    await scene.watch("alice", "bob")
    async with scene.reading():
        await scene.connected()
        assert "rules: X answered with status 503" in scene.source.trouble()
        scene.x.world.say("alice", "heard")
        await scene.until(lambda: scene.texts)
        await scene.until(lambda: len(scene.x.world.rules.values) == 1 and "OR" in min(scene.x.world.rules.values))


async def test_an_account_that_only_a_replay_knew_is_named_and_the_others_are_watched(scene: Scene) -> None:
    alice = Account(source="x", id=scene.x.world.user("alice")["id"], handle="alice")
    await scene.source.watch([Wanted(account=Account(source="x", id="bob", handle="bob")), Wanted(account=alice)])
    assert "@bob" in scene.source.trouble()
    async with scene.reading():
        await scene.connected()
        assert scene.x.world.rules.values == {f"from:{alice.id}"}


async def test_the_token_does_not_follow_a_redirect_elsewhere(scene: Scene) -> None:
    scene.x.answers.faults["user"] = [Answer(302, {}, {"Location": "http://127.0.0.1:9/"})]
    with pytest.raises(SourceError, match="status 302"):
        await scene.source.resolve(Handle(source="x", name="alice"))


def _asked(scene: Scene, kind: str) -> list[object]:
    return [one for one in scene.x.answers.asked if one[1] == kind]


def _connects(scene: Scene) -> int:
    return len([request for request in scene.x.requests if request.path == "/2/tweets/search/stream"])
