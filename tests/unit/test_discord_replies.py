"""Answers in Discord: all of it is shown, nothing of it acts, and what is to be copied stays as it is."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.discord.buttons import parse_custom_id
from bot.chat.discord.message import Message
from bot.chat.discord.replies import message, pages
from bot.chat.discord.text import BLANK, MOST_CONTENT, units
from bot.chat.plain import printable
from bot.commands.config_file import from_yaml, to_yaml
from bot.commands.types import Button, ButtonKind, Reply
from tests.fakes.builders import a_channel, a_label
from tests.fakes.drawn import HOSTILE_ID, as_read, done, drawn
from tests.fakes.hostile import HOSTILE, hostile_texts

SHARE = Button(label="Share", kind=ButtonKind.SHARE)


def does(label: str, command: str) -> Button:
    return Button(label=label, kind=ButtonKind.COMMAND, value=command)


def answer(text: str) -> Reply:
    press = does(text, f"/why {text}")
    return Reply(text=text, buttons=(press, Button(label=text, kind=ButtonKind.SHARE), press))


def check_everything(text: str) -> None:
    """Whole where it fits, and page by page."""
    for part in (answer(text), *pages(answer(text))):
        assert done(drawn(message(part, share="abc"))) == [], part


@pytest.mark.parametrize("text", HOSTILE, ids=count())
def test_a_hostile_string_does_nothing_in_an_answer(text: str) -> None:
    check_everything(text)


@given(hostile_texts() | st.text())
@settings(max_examples=300, derandomize=True, deadline=None)
def test_made_up_strings_do_nothing_in_an_answer(text: str) -> None:
    check_everything(text)


LONG = st.lists(st.text(st.sampled_from("ab* \n\t\\_🔥#"), max_size=300), max_size=12).map(
    lambda parts: "".join(parts * 3)
)


@given(LONG)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_a_long_answer_is_cut_into_pages_and_nothing_of_it_is_lost(text: str) -> None:
    shown = [message(page).content for page in pages(Reply(text=text))]
    assert all(units(page) <= MOST_CONTENT for page in shown)
    assert not any("characters in all" in page for page in shown)
    words = "".join(as_read(page).replace(BLANK, "") for page in shown)
    assert "".join(words.split()) == "".join(text.split())


@pytest.mark.parametrize("text", [text for text in HOSTILE if len(text) > 1_000], ids=count())
def test_no_page_is_longer_than_a_message(text: str) -> None:
    shown = pages(Reply(text=text))
    assert all(units(message(page).content) <= MOST_CONTENT for page in shown)
    assert sum(len(page.text) for page in shown) <= len(printable(text)) + len(BLANK)


def test_pages_break_at_line_ends_and_the_buttons_stand_under_the_last() -> None:
    lines = [f"  - label_{number:04d}" for number in range(400)]
    first, *others, last = pages(Reply(text="\n".join(lines), public=True, buttons=(SHARE,)))
    assert others
    assert [one for page in (first, *others, last) for one in page.text.split("\n")] == lines
    assert [page.buttons for page in (first, *others, last)] == [()] * (1 + len(others)) + [(SHARE,)]
    assert first.public
    assert message(last).content.startswith(f"{BLANK}  \\- label\\_")  # Discord would take the spaces away


def test_an_answer_that_fits_is_one_page() -> None:
    whole = Reply(text="w" * (MOST_CONTENT - 1))
    assert pages(whole) == [whole]
    assert len(pages(Reply(text="w" * MOST_CONTENT))) == 2


def test_a_line_end_right_after_all_that_fits_begins_no_page() -> None:
    line = "w" * (MOST_CONTENT - 1)
    assert [page.text for page in pages(Reply(text=f"{line}\nmore"))] == [line, "more"]


def test_an_empty_answer_is_still_a_message() -> None:
    for text in ("", " ", "\n" * 5_000):
        (page,) = pages(Reply(text=text))
        drawn(message(page))


def test_an_answer_that_was_not_cut_into_pages_says_how_long_it_is() -> None:
    content = message(Reply(text="w" * 3_000)).content
    assert units(content) <= MOST_CONTENT
    assert content.endswith("… (3,000 characters in all)")


def ids(made: Message) -> list[str]:
    return [one.id for row in made.rows for one in row]


def test_buttons_run_commands_and_share_only_what_can_be_shared() -> None:
    given = Reply(text="Done.", buttons=(does("Undo", "/config undo 3"), does("Long", "x" * 94), SHARE))
    assert ids(message(given, share="abc")) == ["lw1|do|/config undo 3", "lw1|share|abc"]
    assert ids(message(given)) == ["lw1|do|/config undo 3"]
    assert message(Reply(text="Done.")).rows == ()
    pressed = parse_custom_id(ids(message(given))[0])
    assert pressed is not None
    assert pressed.command == "/config undo 3"


def test_two_buttons_that_do_the_same_are_one() -> None:
    made = message(Reply(text="Done.", buttons=(does("Why?", "/why 7"), does("Why so?", "/why 7"))))
    assert ids(made) == ["lw1|do|/why 7"]
    drawn(made)


def test_many_buttons_stand_in_rows_of_five_and_no_more_than_fit() -> None:
    made = message(Reply(text="Done.", buttons=tuple(does(f"Why {one}?", f"/why {one}") for one in range(30))))
    assert [len(row) for row in made.rows] == [5] * 5
    assert [len(row["components"]) for row in drawn(made)["components"]] == [5] * 5


def export(text: str) -> Reply:
    return Reply(text=text, file="settings.yaml")


def copied(made: Message) -> str:
    """What people have in their hands when they copy the settings, wherever they stand."""
    if made.attached is not None:
        (file,) = made.files()
        assert file.filename == "settings.yaml"
        return file.fp.read().decode()
    return made.content.removeprefix("```yaml\n").removesuffix("```")


@given(st.lists(hostile_texts().filter(str.strip), min_size=1, max_size=3))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_settings_are_copied_as_they_stand_and_do_nothing(names: list[str]) -> None:
    text = to_yaml(a_channel(labels=tuple(a_label(name, description=name) for name in names))).rstrip()
    made = message(export(text))
    assert copied(made) == text.encode("utf-8", "replace").decode() + "\n"
    assert made.content.count("```") in {0, 2}
    in_code = {"format", "emoji"}  # what means nothing there, as the local Discord does not know
    assert [one for one in done(drawn(made)) if one.kind not in in_code] == []


def test_short_settings_are_a_block_of_code_that_imports_again() -> None:
    text = to_yaml(a_channel()).rstrip()
    made = message(export(text))
    assert made.content == f"```yaml\n{text}\n```"
    assert made.files() == []
    assert from_yaml(copied(made)).labels == from_yaml(text).labels
    assert from_yaml(copied(made)).labels


@pytest.mark.parametrize(
    "text",
    [
        "a: '```'",
        "watches: [https://example.org/feed.xml]",
        f"labels: ['<@{HOSTILE_ID}>']",
        "labels: ['@everyone']",
        "labels: [discord.gg/abc]",
        "labels: [\u202e]",
        "a: " + "w" * 2_000,
        "a: " + "🔥" * 1_000,
    ],
)
def test_settings_that_a_block_of_code_would_not_hold_are_a_file(text: str) -> None:
    made = message(export(text))
    assert made.content == "All of it is in settings.yaml."
    assert copied(made) == f"{text}\n"
    assert done(drawn(made)) == []


def test_a_file_is_never_broken_into_pages_and_can_be_sent_again() -> None:
    long = export("a: b\n" * 2_000)
    assert pages(long) == [long]
    made = message(long)
    assert copied(made) == copied(made) == f"{long.text}\n"
