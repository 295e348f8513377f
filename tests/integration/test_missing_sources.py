"""A source that is not set up is named in the answer of /watch, with the setting that would change it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.settings import Settings
from bot.sources import missing_sources


def set_to(**given: Any) -> Settings:
    return Settings(**given)


def test_without_a_token_only_x_is_missing() -> None:
    assert missing_sources(set_to()) == {
        "x": "no X_BEARER_TOKEN is set. Ask whoever runs me; feeds, Bluesky and Mastodon work without one"
    }


def test_with_a_token_nothing_is_missing() -> None:
    assert missing_sources(set_to(x_bearer_token=SecretStr("AAAA"))) == {}


@pytest.mark.parametrize("source", ["x", "bluesky", "mastodon"])
def test_what_sources_leaves_out_is_missing_for_that_reason(source: str) -> None:
    why = "SOURCES leaves it out. Ask whoever runs me; I can watch feeds"
    assert missing_sources(set_to(sources="feeds"))[source] == why


def test_a_replay_plays_in_place_of_them(tmp_path: Path) -> None:
    missing = missing_sources(set_to(replay_file=tmp_path / "posts.jsonl"))
    assert missing["rss"] == "REPLAY_FILE plays in place of the network. Ask whoever runs me"
