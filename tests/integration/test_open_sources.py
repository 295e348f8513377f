"""What is set up is opened, and a library that is missing is named or left out."""

import sys
from pathlib import Path

import pytest

from bot.extras import ExtraMissingError
from bot.settings import Settings
from bot.sources import open_sources
from sources.accounts import RSS
from sources.types import Handle, SourceError
from tests.acceptance.program import write_posts
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeFeeds, Item, rss


def settings(**given: object) -> Settings:
    return Settings.model_validate(given)


async def test_feeds_are_read_without_any_setting_from_anywhere_but_here() -> None:
    places = FakeFeeds()
    places.put("/feed", rss([Item(title="inside")]))
    async with places.serving() as allow, open_sources(settings(), FakeClock()) as sources:
        [feeds] = [source for source in sources if RSS in source.serves]
        handle = Handle(source=RSS, name=places.address("/feed"))
        with pytest.raises(SourceError, match="only 80 and 443 are open"):
            await feeds.resolve(handle)
        async with open_sources(settings(http_allow=",".join(allow), sources="feeds"), FakeClock()) as [allowed]:
            assert (await allowed.resolve(handle)).name == "News"


async def test_a_replay_is_alone_unless_others_are_named_and_stands_for_what_it_plays(tmp_path: Path) -> None:
    posts = write_posts(tmp_path / "posts.jsonl", [{"id": "1", "author": "a", "source": "rss", "text": "x"}])
    async with open_sources(settings(replay_file=posts), FakeClock()) as sources:
        assert [source.name for source in sources] == ["replay"]
    async with open_sources(settings(replay_file=posts, sources="feeds"), FakeClock()) as sources:
        assert [source.name for source in sources] == ["rss", "replay"]
        assert {name: source.name for source in sources for name in source.serves}["rss"] == "replay"


async def test_a_missing_library_is_named_where_its_source_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("sources.feeds")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "feedparser.api", None)
    async with open_sources(settings(), FakeClock()) as sources:
        assert not [source for source in sources if RSS in source.serves]
    with pytest.raises(ExtraMissingError, match=r"SOURCES=feeds needs feedparser.*pip install 'lapwing\[feeds\]'"):
        async with open_sources(settings(sources="feeds"), FakeClock()):
            pass
