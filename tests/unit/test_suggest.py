"""What is offered while somebody types."""

import pytest

from bot.commands.grammar import parse
from bot.commands.suggest import MOST, Suggest, suggestions
from bot.commands.types import AddLabels
from storage.types import Channel
from tests.fakes.builders import a_channel, a_label, a_watch, an_account

CHANNEL: Channel = a_channel(
    labels=(a_label("security"), a_label("supply, chain"), a_label("database")),
    watches=(a_watch(account=an_account("vendor_sec")), a_watch(account=an_account("awscloud"))),
)


@pytest.mark.parametrize(
    ("wanted", "typed", "offered"),
    [
        (Suggest.ACCOUNTS, "", ["@vendor_sec", "@awscloud"]),
        (Suggest.ACCOUNTS, "@aws", ["@awscloud"]),
        (Suggest.ACCOUNTS, "SEC", ["@vendor_sec"]),
        (Suggest.ACCOUNTS, "@vendor_sec, ", ["@vendor_sec, @awscloud"]),
        (Suggest.ACCOUNTS, "@nobody", []),
        (Suggest.LABEL, "s", ["security", '"supply, chain"', "database"]),
        (Suggest.LABEL, "dat", ["database"]),
        (Suggest.LABELS, "security, d", ["security, database"]),
        (Suggest.TARGET, "sec", ["security", "@vendor_sec"]),
        (Suggest.DURATION, "2", ["2m", "2h", "2d", "2w"]),
        (Suggest.DURATION, "2h", ["2h"]),
        (Suggest.TOPIC, "thr", ["threshold"]),
    ],
)
def test_what_fits_is_offered_what_begins_with_it_first(wanted: Suggest, typed: str, offered: list[str]) -> None:
    found = suggestions(CHANNEL, wanted, typed)
    assert found[: len(offered)] == offered
    assert bool(found) == bool(offered)


def test_a_label_with_a_comma_is_offered_as_it_has_to_be_typed() -> None:
    (offered,) = suggestions(CHANNEL, Suggest.LABEL, "chain")
    command = parse(f"/labels add {offered}")
    assert isinstance(command, AddLabels)
    assert [label.name for label in command.labels] == ["supply, chain"]


def test_every_duration_that_is_offered_is_one() -> None:
    for typed in ("", "1", "30"):
        for offered in suggestions(CHANNEL, Suggest.DURATION, typed):
            parse(f"/alerts pause {offered}")


def test_no_more_are_offered_than_a_chat_can_list() -> None:
    crowded = a_channel(watches=tuple(a_watch(account=an_account(f"account{n}")) for n in range(60)))
    assert len(suggestions(crowded, Suggest.ACCOUNTS, "")) == MOST
