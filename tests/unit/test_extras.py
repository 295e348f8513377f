"""A part whose library is not installed says what to install; a fault of ours is no missing library."""

import pytest

from bot.extras import ExtraMissingError, needing


def test_a_missing_library_is_named_as_pip_names_it_with_its_extra() -> None:
    with pytest.raises(ExtraMissingError) as missing, needing("Slack", "slack"):
        raise ModuleNotFoundError("No module named 'slack_bolt.app'", name="slack_bolt.app")
    assert str(missing.value) == "Slack needs slack-bolt, which is not installed: pip install 'lapwing[slack]'"


@pytest.mark.parametrize("name", ["bot.chat.slak", "storage.outboxes", "", None])
def test_a_module_of_ours_that_is_missing_is_a_bug_and_stays_one(name: str | None) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^gone$"), needing("Slack", "slack"):
        raise ModuleNotFoundError("gone", name=name)


def test_what_is_there_is_left_alone() -> None:
    with needing("Slack", "slack"):
        import json
    assert json.loads("1") == 1
