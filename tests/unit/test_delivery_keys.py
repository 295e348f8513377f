"""A delivery's key: the same for the same post and channel, opaque to everyone else."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.delivery_keys import delivery_key
from storage.types import ChannelKey
from tests.fakes.builders import a_key

SECRET = bytes(range(32))
words = st.text(max_size=12)


@given(platform=words, workspace=words, channel=words, source=words, post_id=words)
def test_a_key_fits_a_nonce_and_an_address_whatever_it_is_made_of(
    platform: str, workspace: str, channel: str, source: str, post_id: str
) -> None:
    key = ChannelKey(platform=platform, workspace=workspace, channel=channel)
    assert re.fullmatch(r"[A-Za-z0-9_-]{20}", delivery_key(SECRET, key, source, post_id))


def test_the_same_post_in_the_same_channel_has_the_same_key() -> None:
    assert delivery_key(SECRET, a_key(), "x", "1") == delivery_key(SECRET, a_key(), "x", "1")


@pytest.mark.parametrize(
    "other",
    [
        delivery_key(SECRET, replace(a_key(), platform="slack"), "x", "1"),
        delivery_key(SECRET, replace(a_key(), workspace="T2"), "x", "1"),
        delivery_key(SECRET, replace(a_key(), channel="C2"), "x", "1"),
        delivery_key(SECRET, a_key(), "bluesky", "1"),
        delivery_key(SECRET, a_key(), "x", "2"),
        delivery_key(bytes(32), a_key(), "x", "1"),
    ],
    ids=["platform", "workspace", "channel", "source", "post", "secret"],
)
def test_anything_else_has_another_key(other: str) -> None:
    assert delivery_key(SECRET, a_key(), "x", "1") != other


def test_names_that_read_the_same_in_one_line_are_told_apart() -> None:
    assert delivery_key(SECRET, a_key(), "x|1", "2") != delivery_key(SECRET, a_key(), "x", "1|2")
