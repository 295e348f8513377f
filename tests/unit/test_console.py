"""The console as a script drives it: who speaks, what goes over several lines, what is shown of an answer."""

import os
from pathlib import Path

import pytest

from bot.cards import Card, alert_card, card_of
from bot.chat.console import Console
from bot.chat.screen import ColourScreen, PlainScreen
from bot.chat.transcript import Transcript
from bot.commands.types import Actor, Button, ButtonKind, Reply
from classifier.types import Mode
from storage.types import Alert, AlertId, DeliveryKey, PostId, Receipt, Removed, StoredPost
from tests.fakes.builders import NOW, a_judgement, a_key, a_post, a_score
from tests.fakes.inbound import Listener

YOU = Actor(id="you", name="you", admin=True)


async def heard(script: str, transcript: Path, monkeypatch: pytest.MonkeyPatch) -> Listener:
    """What a script comes to that is piped to the console."""
    reading, writing = os.pipe()
    os.write(writing, script.encode())
    os.close(writing)
    listener = Listener()
    with os.fdopen(reading) as standard_input, Transcript(transcript) as shown:
        monkeypatch.setattr("sys.stdin", standard_input)
        await Console("ops", shown).run(listener)
    return listener


@pytest.mark.parametrize(
    ("line", "actor", "text"),
    [
        pytest.param("/labels", YOU, "/labels", id="nobody named"),
        pytest.param("ann: /labels add storm", Actor(id="ann", name="ann"), "/labels add storm", id="somebody named"),
        pytest.param("Ann: +1 7", Actor(id="ann", name="Ann"), "+1 7", id="a judgement"),
        pytest.param("ann: 0 7", Actor(id="ann", name="ann"), "0 7", id="a judgement taken back"),
        pytest.param("jörg: -1 7", Actor(id="jörg", name="jörg"), "-1 7", id="a name in other letters"),
        pytest.param("note: this is no command", YOU, "note: this is no command", id="what is no command"),
        pytest.param("ann:/labels", YOU, "ann:/labels", id="no space"),
        pytest.param("/test ann: /labels", YOU, "/test ann: /labels", id="a name inside a command"),
        pytest.param(
            "/watch https://example.com/1", YOU, "/watch https://example.com/1", id="a colon inside a command"
        ),
        pytest.param("ann: bob: /labels", YOU, "ann: bob: /labels", id="two names"),
    ],
)
async def test_a_line_is_by_whom_it_names_and_else_by_you(
    line: str, actor: Actor, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (asked,) = (await heard(f"{line}\n", tmp_path / "t", monkeypatch)).asked

    assert (asked.actor, asked.text, asked.channel_name) == (actor, text, "ops")


async def test_nobody_who_is_named_in_a_script_is_an_admin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (asked,) = (await heard("you: /config undo\n", tmp_path / "t", monkeypatch)).asked

    assert not asked.actor.admin


async def test_a_command_may_go_over_several_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "/config import <<END\nlapwing: 1\n\n# kept\nlabels:\n  - name: x\nEND\n/labels\n"

    first, second = (await heard(script, tmp_path / "t", monkeypatch)).asked

    assert first.text == "/config import\nlapwing: 1\n\n# kept\nlabels:\n  - name: x"
    assert second.text == "/labels"


async def test_a_named_person_too_may_say_several_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (asked,) = (await heard("ann: /config import <<END\r\nlapwing: 1\r\n END \r\n", tmp_path / "t", monkeypatch)).asked

    assert (asked.actor.id, asked.text) == ("ann", "/config import\nlapwing: 1")


async def test_several_lines_that_are_never_closed_end_with_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (asked,) = (await heard("/config import <<END\nlapwing: 1\n", tmp_path / "t", monkeypatch)).asked

    assert asked.text == "/config import\nlapwing: 1"


async def test_a_script_may_explain_itself_wait_and_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = await heard("# a remark\n\n/wait\n/labels\n/quit\n/watch\n", tmp_path / "t", monkeypatch)

    assert [asked.text for asked in listener.asked] == ["/labels"]
    assert listener.settled == 2  # /wait, and the end


async def test_a_script_is_shown_as_a_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await heard("# a remark\nann: /labels\n", tmp_path / "t", monkeypatch)

    assert capsys.readouterr().out == "> ann: /labels\n\n"


def test_buttons_are_shown_as_what_they_would_run(capsys: pytest.CaptureFixture[str]) -> None:
    buttons = (
        Button(label="Undo", kind=ButtonKind.COMMAND, value="/config undo 3"),
        Button(label="Share", kind=ButtonKind.SHARE),
        Button(label="Yes, all", kind=ButtonKind.COMMAND, value="/unwatch all yes"),
    )

    PlainScreen().reply(Reply(text="Watching @a.", buttons=buttons))

    assert capsys.readouterr().out == "Watching @a.\n  Undo: /config undo 3\n  Yes, all: /unwatch all yes\n"


def test_what_a_button_would_run_cannot_move_a_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    button = Button(label="Did\x1b[2J", kind=ButtonKind.COMMAND, value="/watch @a\x1b[2J\nALERT 9")

    PlainScreen().reply(Reply(text="x", buttons=(button,)))

    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\nALERT" not in shown


def test_a_coloured_card_shows_what_a_plain_one_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    card = alert_card(
        Alert(
            id=AlertId(7),
            channel=a_key(),
            post=StoredPost(id=PostId(1), post=a_post(text="A patch \x1b[2J[red]is[/red] out.")),
            matched=(a_score(), a_score("outage", 0.5)),
            mode=Mode.INDEPENDENT,
            model="embedding:tiny",
            decided_at=NOW,
        )
    )

    ColourScreen().card(card)

    shown = capsys.readouterr().out
    assert " 7 · security 91% (high), outage 50% " in shown
    assert "A patch �[2J[red]is[/red] out." in shown
    assert "@vendor_sec · 2026-11-02 09:00 UTC" in shown


async def test_a_terminal_tells_in_a_line_that_a_post_was_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alert = Alert(
        id=AlertId(7),
        channel=a_key(),
        post=StoredPost(id=PostId(1), post=a_post(text=""), removed=Removed.DELETED),
        matched=(a_score(),),
        mode=Mode.INDEPENDENT,
        model="embedding:tiny",
        decided_at=NOW,
    )
    with Transcript(tmp_path / "transcript") as transcript:
        await Console("ops", transcript).edit(a_key(), Receipt("1"), alert_card(alert), KEY)
    assert capsys.readouterr().out == "alert 7: the post was deleted at its source\n"


# --- messages of many alerts -----------------------------------------------------------------------------------------

KEY = DeliveryKey("key")


def many(*judged: AlertId, text: str = "A hole") -> Card:
    """Twelve alerts in one card, these of them judged relevant by Ada."""
    return card_of(
        [
            Alert(
                id=AlertId(number),
                channel=a_key(),
                post=StoredPost(id=PostId(number), post=a_post(text=text)),
                matched=(a_score(score=0.95 - number / 100),),
                mode=Mode.INDEPENDENT,
                model="embedding:tiny",
                decided_at=NOW,
                judgements=(a_judgement(AlertId(number)),) if number in judged else (),
            )
            for number in range(1, 13)
        ]
    )


async def test_a_summary_is_shown_once_and_found_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Transcript(tmp_path / "transcript") as shown:
        console = Console("ops", shown)
        receipt = await console.send(console.channel, many(), KEY)
        assert await console.find(console.channel, KEY) == receipt
    out = capsys.readouterr().out
    assert out.startswith("12 alerts that could not be sent in time")
    assert [line[:9] for line in out.splitlines()[1:-1]] == [f"  alert {number}"[:9] for number in range(1, 11)]
    assert out.endswith("  and 2 more: /alerts lists them\n")
    assert console.first_alert_at is None, "a summary is no alert that came in time"


async def test_a_summary_that_is_redrawn_tells_how_its_alerts_were_judged_and_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Transcript(tmp_path / "transcript") as shown:
        console = Console("ops", shown)
        receipt = await console.send(console.channel, many(), KEY)
        capsys.readouterr()
        await console.edit(console.channel, receipt, many(AlertId(3), AlertId(5)), KEY)
    assert capsys.readouterr().out == "alert 3: relevant by Ada\nalert 5: relevant by Ada\n"


async def test_a_summary_redrawn_for_an_alert_that_it_does_not_show_tells_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Transcript(tmp_path / "transcript") as shown:
        console = Console("ops", shown)
        await console.edit(console.channel, Receipt("1"), many(AlertId(12)), KEY)
    assert capsys.readouterr().out.startswith("12 alerts that could not be sent in time")


def test_a_coloured_summary_leaves_the_words_of_posts_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    ColourScreen().card(many(text="see :warning: and [bold]this[/bold]"))
    assert "see :warning: and [bold]this[/bold]" in " ".join(capsys.readouterr().out.split())
