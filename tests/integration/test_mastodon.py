"""Mastodon against a local server over real sockets: polled, not pestered, and nothing lost or told twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from sources.accounts import MASTODON
from sources.http import AddressRefusedError, Fetcher
from sources.mastodon.source import Mastodon
from sources.types import Account, AccountNotFoundError, Handle, PostKind, SourceError, Wanted
from tests.fakes.clock import FakeClock
from tests.fakes.ear import Ear, holds
from tests.fakes.mastodon import Answered, FakeMastodon, mastodon


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC), held=True)


@pytest.fixture
async def server(clock: FakeClock) -> AsyncIterator[FakeMastodon]:
    async with mastodon(clock.now) as fake:
        fake.join("ann", "Ann")
        yield fake


@asynccontextmanager
async def source(clock: FakeClock, *servers: FakeMastodon) -> AsyncIterator[Mastodon]:
    names = frozenset(server.name for server in servers)
    async with Fetcher(allow=names) as fetcher:
        yield Mastodon(fetcher, clock=clock, plain=names)


def account(server: FakeMastodon, user: str = "ann") -> Account:
    return Account(source=MASTODON, id=f"{server.name}/{server.accounts[user]['id']}", handle=f"{user}@{server.name}")


def wanted(server: FakeMastodon, *users: str) -> list[Wanted]:
    return [Wanted(account=account(server, user)) for user in users or ("ann",)]


Minutes = Callable[[int], Awaitable[None]]


@pytest.fixture
def minutes(clock: FakeClock, server: FakeMastodon) -> Minutes:
    """Let so many minutes pass, with a poll of one account in each."""

    async def passing(count: int) -> None:
        for _ in range(count):
            before = server.asked_for("/statuses")
            await clock.advance(60)
            await holds(lambda before=before: server.asked_for("/statuses") > before)  # type: ignore[misc]

    return passing


async def polled(server: FakeMastodon) -> None:
    """Return once somebody was asked for."""
    await holds(lambda: server.asked_for("/statuses") > 0)


async def test_a_new_status_arrives_with_its_text_page_and_language(
    clock: FakeClock, server: FakeMastodon, minutes: Minutes
) -> None:
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch(wanted(server))
        await polled(server)
        html = '<p>Fire at <a href="https://example.com/map">the map</a></p>'
        status = server.write("ann", html, spoiler_text="fire", language="de")
        await minutes(1)
        await ear.until(1)
    post = ear.heard[-1].post
    assert post
    assert (post.id, post.lang) == (f"{server.name}/{status}", "de")
    assert post.text == "fire\nFire at the map (https://example.com/map)"
    assert post.url == f"https://{server.name}/@ann/{status}"
    assert post.published_at == clock.now().replace(microsecond=post.published_at.microsecond) - timedelta(minutes=1)


async def test_what_was_shown_long_before_the_first_poll_is_not_given(
    clock: FakeClock, server: FakeMastodon, minutes: Minutes
) -> None:
    server.write("ann", "<p>yesterday</p>")
    await clock.advance(86_400)
    server.write("ann", "<p>just now</p>")
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch(wanted(server))
        await ear.until(1)
        await minutes(2)
    assert ear.texts == ["just now"]


async def test_boosts_carry_the_boosted_words_and_replies_and_quotes_are_told(
    clock: FakeClock, server: FakeMastodon, minutes: Minutes
) -> None:
    server.join("bob")
    original = server.write("bob", "<p>by bob</p>", language="fr")
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch(wanted(server))
        await polled(server)
        server.boost("ann", original)
        server.write("ann", "<p>answer</p>", in_reply_to_id=original)
        server.write("ann", "<p>look</p>", quote={"state": "accepted", "quoted_status": {}})
        await minutes(1)
        await ear.until(3)
    boost, reply, quote = [arrival.post for arrival in ear.heard if arrival.post]
    assert (boost.text, boost.lang) == ("by bob", "fr")
    assert boost.kinds == {PostKind.RETWEET}
    assert boost.url.endswith(f"/@bob/{original}")
    assert boost.author == account(server)
    assert reply.kinds == {PostKind.REPLY}
    assert quote.kinds == {PostKind.QUOTE}


async def test_an_edit_is_the_same_post_and_a_deletion_is_told_once_it_is_sure(
    clock: FakeClock, server: FakeMastodon, minutes: Minutes
) -> None:
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch(wanted(server))
        await polled(server)
        first, second = server.write("ann", "<p>frist</p>"), server.write("ann", "<p>second</p>")
        server.write("ann", "<p>third</p>")
        await minutes(1)
        await ear.until(3)
        server.edit(first, "<p>first</p>")
        server.delete(second)
        await minutes(6)
        await ear.until(5)
        await minutes(6)
    assert ear.texts == ["frist", "second", "third", "first"]
    assert [arrival.post.id for arrival in ear.heard if arrival.post][-1] == f"{server.name}/{first}"
    assert ear.deleted == [f"{server.name}/{second}"]


async def test_a_status_that_is_only_left_out_of_the_page_is_not_called_deleted(
    clock: FakeClock, server: FakeMastodon, minutes: Minutes
) -> None:
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch(wanted(server))
        await polled(server)
        server.write("ann", "<p>an answer</p>", in_reply_to_id="1")
        server.write("ann", "<p>own words</p>")
        await minutes(1)
        await ear.until(2)
        await made.watch([Wanted(account=account(server), without=frozenset({PostKind.REPLY}))])
        await minutes(7)
        await holds(lambda: server.asked_for("/api/v1/statuses/") == 1)
    assert ear.deleted == []
    assert server.asked_for("exclude_replies=true") > 0


async def test_deletions_are_found_though_something_new_comes_every_minute(
    clock: FakeClock, server: FakeMastodon, minutes: Minutes
) -> None:
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch(wanted(server))
        await polled(server)
        gone = server.write("ann", "<p>taken back</p>")
        await minutes(1)
        await ear.until(1)
        server.delete(gone)
        for number in range(7):
            server.write("ann", f"<p>{number}</p>")
            await minutes(1)
        await ear.until(9)
    assert ear.deleted == [f"{server.name}/{gone}"]


async def test_a_restart_loses_nothing_and_tells_nothing_twice_though_pages_are_short(
    clock: FakeClock, server: FakeMastodon, minutes: Minutes
) -> None:
    async with source(clock, server) as made, Ear(made).open() as first:
        await made.watch(wanted(server))
        await polled(server)
        server.write("ann", "<p>before</p>")
        await minutes(1)
        await first.until(1)
    for number in range(100):
        server.write("ann", f"<p>{number}</p>")
    async with source(clock, server) as made, Ear(made, first.positions).open() as second:
        await made.watch(wanted(server))
        await second.until(100)
    assert first.texts == ["before"]
    assert second.texts == [str(number) for number in range(100)]


async def test_deletions_during_a_restart_are_found(clock: FakeClock, server: FakeMastodon, minutes: Minutes) -> None:
    async with source(clock, server) as made, Ear(made).open() as first:
        await made.watch(wanted(server))
        await polled(server)
        gone = server.write("ann", "<p>taken back</p>")
        await minutes(1)
        await first.until(1)
    server.delete(gone)
    async with source(clock, server) as made, Ear(made, first.positions).open() as second:
        await made.watch(wanted(server))
        await second.until(1)
    assert second.deleted == [f"{server.name}/{gone}"]


async def test_unwatching_ends_the_asking(clock: FakeClock, server: FakeMastodon) -> None:
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch(wanted(server))
        await polled(server)
        await made.watch([])
        asked = len(server.asked)
        server.write("ann", "<p>unheard</p>")
        for _ in range(5):
            await clock.advance(60)
    assert len(server.asked) == asked
    assert ear.texts == []


async def test_one_account_is_asked_for_once_a_minute_and_many_never_faster_than_one_request_a_second(
    clock: FakeClock, server: FakeMastodon
) -> None:
    users = [f"user{number}" for number in range(10)]
    for user in users:
        server.join(user)
    async with source(clock, server) as made, Ear(made).open():
        await made.watch(wanted(server, *users))
        await polled(server)
        for second in range(1, 10):
            await clock.advance(1)
            await holds(lambda second=second: server.asked_for("/statuses") == second + 1)  # type: ignore[misc]
        await clock.advance(40)
        assert server.asked_for("/statuses") == 10
        for _ in range(20):
            await clock.advance(1)
        await holds(lambda: server.asked_for("since_id") == 0)
        await holds(lambda: server.asked_for("/statuses") >= 11)


async def test_a_server_whose_limit_is_nearly_used_up_is_asked_more_slowly(
    clock: FakeClock, server: FakeMastodon
) -> None:
    reset = (clock.now() + timedelta(minutes=10)).isoformat()
    server.headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "2", "X-RateLimit-Reset": reset}
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch(wanted(server))
        await polled(server)
        await holds(lambda: len(ear.heard) == 1)
        for _ in range(28):
            await clock.advance(10)
        assert server.asked_for("/statuses") == 1
        await clock.advance(30)
        await holds(lambda: server.asked_for("/statuses") >= 2)


@pytest.mark.parametrize(
    ("refusal", "wait_s"),
    [
        (Answered(status=429, headers={"Retry-After": "300"}), 300),
        (Answered(status=503, body="<html><body><h1>503</h1></body></html>"), 60),
        (Answered(status=200, body="<html>a page of another kind</html>"), 60),
        (Answered(status=200, body='{"error": "half a'), 60),
    ],
)
async def test_a_server_that_cannot_answer_is_left_alone_and_nothing_is_lost(
    clock: FakeClock, server: FakeMastodon, refusal: Answered, wait_s: int
) -> None:
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch(wanted(server))
        await holds(lambda: len(ear.heard) == 1)
        assert made.state().connected_since
        server.refuse = refusal
        server.write("ann", "<p>meanwhile</p>")
        await clock.advance(60)
        await holds(lambda: f"next try after {wait_s} s" in made.trouble())
        assert made.state().connected_since is None
        asked = len(server.asked)
        await clock.advance(wait_s - 1)
        assert len(server.asked) == asked
        server.refuse = None
        await clock.advance(1)
        await ear.until(1)
        assert made.trouble() == ""
    assert ear.texts == ["meanwhile"]
    assert made.state().recovered == 1


@pytest.mark.parametrize("status", [401, 404, 410])
async def test_an_account_that_is_not_shown_is_told_and_the_others_go_on(
    clock: FakeClock, server: FakeMastodon, status: int
) -> None:
    server.join("bob")
    async with source(clock, server) as made, Ear(made).open() as ear:
        server.broken = Answered(status=status)
        server.write("bob", "<p>by bob</p>")
        await made.watch(wanted(server, "ann", "bob"))
        await holds(lambda: "@ann@" in made.trouble())
        await clock.advance(2)
        await ear.until(1)
    assert str(status) in made.trouble()
    assert ear.texts == ["by bob"]


async def test_accounts_that_only_a_replay_knew_are_told_with_the_way_out_and_the_others_go_on(
    clock: FakeClock, server: FakeMastodon
) -> None:
    """Their id is their handle, which names no account of a server."""
    replayed = Account(source=MASTODON, id=f"bob@{server.name}", handle=f"bob@{server.name}")
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch([*wanted(server), Wanted(account=replayed)])
        await holds(lambda: server.asked_for("/statuses") == 1)
        server.write("ann", "<p>for all that</p>")
        await clock.advance(60)
        await ear.until(1)
        assert made.trouble() == f"known from a replay only: @bob@{server.name}. /unwatch and /watch them"
        await made.watch(wanted(server))
        assert made.trouble() == ""


async def test_an_account_that_is_not_shown_is_asked_for_again_after_an_hour(
    clock: FakeClock, server: FakeMastodon
) -> None:
    async with source(clock, server) as made, Ear(made).open() as ear:
        server.broken = Answered(status=410)
        await made.watch(wanted(server))
        await holds(lambda: "410" in made.trouble())
        for _ in range(59):
            await clock.advance(60)
        assert server.asked_for("/statuses") == 1
        server.write("ann", "<p>back again</p>")
        await clock.advance(60)
        await ear.until(1)
        assert made.trouble() == ""


async def test_what_was_read_ahead_of_an_account_that_is_unwatched_is_not_given(
    clock: FakeClock, server: FakeMastodon
) -> None:
    server.write("ann", "<p>first</p>")
    server.write("ann", "<p>second</p>")
    async with source(clock, server) as made:
        await made.watch(wanted(server))
        arrivals = made.posts({})
        assert (await anext(arrivals)).post
        await made.watch([])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(arrivals), 0.1)


async def test_a_broken_status_is_counted_once_and_passed_by(
    clock: FakeClock, server: FakeMastodon, minutes: Minutes
) -> None:
    async with source(clock, server) as made, Ear(made).open() as ear:
        await made.watch(wanted(server))
        await polled(server)
        server.write("ann", "", content=7)
        server.write("ann", "<p>whole</p>")
        server.write("ann", "", created_at="yesterday")
        await minutes(8)
        await ear.until(1)
    assert ear.texts == ["whole"]
    assert made.state().skipped == 2
    assert "a status of @ann@" in made.trouble()


async def test_an_account_that_moves_while_it_is_watched_is_told_with_what_to_do(
    clock: FakeClock, server: FakeMastodon, minutes: Minutes
) -> None:
    async with source(clock, server) as made, Ear(made).open():
        server.move("ann", "ann@elsewhere.example")
        await made.watch(wanted(server))
        await polled(server)
        await minutes(1)
        await holds(lambda: "has moved to @ann@elsewhere.example: /watch" in made.trouble())


async def test_a_handle_leads_to_the_account_at_its_server(clock: FakeClock, server: FakeMastodon) -> None:
    async with source(clock, server) as made:
        found = await made.resolve(Handle(source=MASTODON, name=f"ANN@{server.name}"))
    assert found == Account(source=MASTODON, id=f"{server.name}/100", handle=f"ann@{server.name}", name="Ann")


async def test_a_domain_that_leaves_its_accounts_to_another_server_is_followed_by_webfinger(
    clock: FakeClock, server: FakeMastodon
) -> None:
    async with mastodon(clock.now) as domain, source(clock, server, domain) as made:
        domain.fingers[f"ann@{domain.name}"] = server.name
        found = await made.resolve(Handle(source=MASTODON, name=f"ann@{domain.name}"))
    assert (found.id, found.handle) == (f"{server.name}/100", f"ann@{domain.name}")


@pytest.mark.parametrize(
    "answer",
    [
        Answered(status=401),
        Answered(status=403, body="<Error><Code>AccessDenied</Code></Error>"),
        Answered(status=404, body="<html>"),
        Answered(status=200, body="<html>"),
    ],
)
async def test_a_domain_is_asked_by_webfinger_whatever_else_answers_there(
    clock: FakeClock, server: FakeMastodon, answer: Answered
) -> None:
    async with mastodon(clock.now) as domain, source(clock, server, domain) as made:
        domain.fingers[f"ann@{domain.name}"] = server.name
        domain.in_place_of_api = answer
        found = await made.resolve(Handle(source=MASTODON, name=f"ann@{domain.name}"))
    assert found.id == f"{server.name}/100"


@pytest.mark.parametrize("status", [200, 404, 410])
async def test_what_is_no_mastodon_server_is_told_with_the_way_to_its_feed(
    clock: FakeClock, server: FakeMastodon, status: int
) -> None:
    async with source(clock, server) as made:
        server.refuse = Answered(status=status, body="<html>")
        with pytest.raises(SourceError, match="does not answer as a Mastodon server") as refused:
            await made.resolve(Handle(source=MASTODON, name=f"Ann@{server.name}"))
    assert not isinstance(refused.value, AccountNotFoundError)
    assert f" rss:https://{server.name}/@Ann " in str(refused.value)


async def test_an_account_that_has_moved_is_followed_to_where_it_is(clock: FakeClock, server: FakeMastodon) -> None:
    async with mastodon(clock.now) as old, source(clock, server, old) as made:
        old.join("ann")
        old.move("ann", f"ann@{server.name}")
        assert (await made.resolve(Handle(source=MASTODON, name=f"ann@{old.name}"))).id == f"{server.name}/100"


async def test_accounts_that_have_moved_in_a_circle_are_said_so(clock: FakeClock, server: FakeMastodon) -> None:
    server.move("ann", f"ann@{server.name}")
    async with source(clock, server) as made:
        with pytest.raises(SourceError, match="moved more than 3 times"):
            await made.resolve(Handle(source=MASTODON, name=f"ann@{server.name}"))


@pytest.mark.parametrize(("searchable", "suggestions"), [(True, True), (False, False)])
async def test_an_unknown_name_is_answered_with_those_called_something_like_it_where_search_is_open(
    clock: FakeClock, server: FakeMastodon, searchable: bool, suggestions: bool
) -> None:
    server.searchable = searchable
    async with source(clock, server) as made:
        with pytest.raises(AccountNotFoundError) as missing:
            await made.resolve(Handle(source=MASTODON, name=f"annie@{server.name}"))
    assert missing.value.suggestions == ((f"ann@{server.name}",) if suggestions else ())


async def test_a_server_that_is_down_or_private_is_told_and_is_no_unknown_account(
    clock: FakeClock, server: FakeMastodon
) -> None:
    async with source(clock, server) as made:
        server.refuse = Answered(status=503, body="<html>")
        with pytest.raises(SourceError, match="503"):
            await made.resolve(Handle(source=MASTODON, name=f"ann@{server.name}"))
        server.refuse = Answered(status=401)
        with pytest.raises(SourceError, match="logged in there"):
            await made.resolve(Handle(source=MASTODON, name=f"ann@{server.name}"))


async def test_the_guard_holds_for_servers_that_people_name(clock: FakeClock, server: FakeMastodon) -> None:
    async with Fetcher() as fetcher:
        made = Mastodon(fetcher, clock=clock)
        with pytest.raises(AddressRefusedError):
            await made.resolve(Handle(source=MASTODON, name=f"ann@{server.name}"))
    assert server.asked == []


async def test_recent_statuses_come_newest_first(clock: FakeClock, server: FakeMastodon) -> None:
    for number in range(5):
        server.write("ann", f"<p>{number}</p>")
        await clock.advance(1)
    async with source(clock, server) as made:
        posts = await made.recent(account(server), 3)
    assert [post.text for post in posts] == ["4", "3", "2"]
