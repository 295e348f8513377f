"""A morning in #lookout: everything people can say, said to the real program on the sample that ships.

Each line is what someone types, with what its answer must hold. Numbers of alerts and percents are left to the model.
"""

import re

import pytest

from bot.commands.handlers.config import import_code
from bot.demo import SAMPLE
from tests.acceptance.program import MODEL, lapwing

IMPORT = """lapwing: 1
mode: independent
threshold: 75%
alerts: 'on'
labels:
- name: outage
- name: flood
  description: flooding, high water or a flood warning
watches:
- account: '@nimbus_status'
  filters: ['-retweets']
- account: '@portkell_fire'
"""
CODE = import_code(IMPORT)
A_POST_THAT_DID_NOT_ALERT = "https://example.org/vendor_sec/"

STORY: list[tuple[str, list[str]]] = [
    # A newcomer looks round.
    ("/help", ["/watch", "/labels", "/config"]),
    ("/help threshold", ["/threshold set", "Example: /threshold set 60% security"]),
    ("/watch", ["This channel watches nobody yet"]),
    ("/labels", ["no labels yet"]),
    ("/alerts", ["No alerts here yet"]),
    ("/wacht @nimbus_status", ["not a command", "Did you mean /watch?", "Nothing was changed."]),
    # Whom to watch.
    ("/watch @nimbus_statu", ["not find @nimbus_statu on X. Did you mean @nimbus_status? Nothing was changed."]),
    ("/watch @nimbus_status -retwets", ['"-retwets" is not a filter. Did you mean -retweets? Nothing was changed.']),
    ("/watch @news@mastodon.social", ["I can't watch Mastodon here yet", "Nothing was changed."]),
    ("/watch @nimbus_status", ["Watching @nimbus_status.", "English only", "no labels yet, so nothing can alert"]),
    ("/watch @nimbus_status", ["Already watching @nimbus_status (added by you,", "/watch @nimbus_status -retweets"]),
    # What to look for.
    ("/labels set outage, security", ["added outage, security", "Undo: /config undo 2"]),
    ("/labels set Fire, fire", ["differ only in case", "Nothing was changed."]),
    ("/labels add storm", ["added storm; kept outage, security"]),
    ("/labels add Storm", ["already", "Nothing was changed."]),
    ('/labels describe storm "strong gusts, storm damage or a weather warning"', ["is told", "for storm"]),
    ("/labels list", ['storm "strong gusts, storm damage or a weather warning" above 40% (default)']),
    ("/labels remove storm", ["removed storm; kept outage, security"]),
    ("/labels remove storm", ['no label "storm"', "Nothing was changed."]),
    # How sure to be.
    ("/threshold", ["The threshold here is 40% (default)."]),
    ("/threshold set 150%", ["150% is not possible. Use 1% to 99%", "Nothing was changed."]),
    ("/threshold set 1", ["1% or 100%?", "Nothing was changed."]),
    ("/threshold set 0.5", ["The threshold is 50% now."]),
    ("/threshold set 85% outage", ["The threshold for outage is 85% now."]),
    ("/threshold list", ["outage: 85% (set for the label)", "security: 50% (set for the channel)"]),
    ("/threshold reset security", ["The threshold is reset."]),
    # More accounts, with filters.
    ("/watch @vendor_sec, @westmoor_wx -replies +label:security", ["Watching @vendor_sec", "Watching @westmoor_wx"]),
    ("/unwatch @westmoor_wx -lable:security", ["not a filter", "Nothing was changed."]),
    ("/unwatch @westmoor_wx +label:security", ["Watching @westmoor_wx without +label:security now."]),
    ("/watch", ["This channel watches 3 accounts:", "@vendor_sec", "-replies", "no post yet"]),
    ("/test Attackers exploit a critical vulnerability in ExampleDB", ["This would alert here for security.", "█"]),
    ("/test 👍 https://example.org", ["no text"]),
    # The morning comes.
    ("/wait", ["ALERT 1 ", "@nimbus_status", "@vendor_sec"]),
    ("/alerts", ["The latest 10 alerts here:"]),
    ("/alerts list security", ["security"]),
    # People judge; the card is told anew.
    ("-1 2", ["Alert 2 is marked not relevant by you."]),
    ("-1 2", ["Alert 2 is marked not relevant by you already."]),
    ("Ann: -1 2", ["Alert 2 is marked not relevant by Ann."]),
    ("Bob: +1 2", ["Alert 2 is marked relevant by Bob."]),
    ("Bob: 0 2", ["Alert 2 is no longer judged by you."]),
    ("-1 9999", ["There is no alert 9999 in this channel", "Nothing was changed."]),
    ("/wait", ["alert 2: not relevant by you, Ann"]),
    # Why, why not, and how it goes.
    ("/why 1", ["Alert 1: ", "is above its threshold", "█"]),
    ("/why https://x.com/nobody_here/status/123", ["nobody_here"]),
    ("/stats", ["security", "outage"]),
    ("/stats 30", ["security"]),
    ("/health", ["embedding:all-MiniLM-L6-v2", "English only", "0 posts waiting"]),
    ("/watch @civilwatch_kell", ["Watching @civilwatch_kell.", "of its last 20 posts would have alerted."]),
    ("/config undo", ["- watch @civilwatch_kell"]),
    # What would a change have done?
    ("/threshold set 95%", ["would have dropped"]),
    ("/config undo", ["Took back what you changed with /threshold set 95%"]),
    ("/labels mode exclusive", ["In exclusive mode", "Nothing was changed."]),
    ("/threshold set 60%", ["The threshold is 60% now."]),
    ("/labels mode exclusive", ["The mode is exclusive now"]),
    ("/labels mode independent", ["The mode is independent now"]),
    # Quiet, please.
    ("/alerts pause 2h @vendor_sec", ["Alerts for @vendor_sec are paused until"]),
    ("/alerts pause 3w security", ["Alerts for security are paused until"]),
    ("/alerts pause soon", ["Nothing was changed."]),
    ("/alerts resume", ["Alerts go on."]),
    ("/alerts resume", ["Nothing is paused here."]),
    ("/alerts shadow", ["Alerts are in shadow"]),
    ("/alerts off", ["Alerts are off"]),
    ("/alerts on", ["Alerts are on"]),
    # Who may change what.
    ("/config lock @ann", ["Only ann and admins may change settings here now."]),
    ("Bob: /labels add fire", ["Only managers may change settings here: ann. You can still use /test, /why, /stats."]),
    ("Bob: /test A fire broke out", ["This would"]),
    ("Ann: /labels add fire", ["added fire"]),
    ("/config lock off", ["Everyone in this channel may change settings again."]),
    # The settings as a whole.
    ("/config show", ["mode: independent", "label outage"]),
    ("/config export", ["lapwing: 1", "- account: '@vendor_sec'"]),
    (f"/config import <<END\n{IMPORT}END", ["Importing this would make", "+ label flood", "- watch @vendor_sec", CODE]),
    ("/config import apply zzzz", ["Nothing was changed."]),
    (f"/config import apply {CODE}", ["Imported", "+ watch @portkell_fire"]),
    ("/config log", [f"you: /config import apply {CODE}", "Ann: /labels add fire"]),
    ("/config undo", ["Took back", "- watch @portkell_fire", "+ watch @vendor_sec"]),
    ("/config undo 2", ["A later change", "Undo that one first", "Nothing was changed."]),
    # Home time.
    ("/unwatch @nobody_here", ["does not watch @nobody_here", "Nothing was changed."]),
    ("/unwatch @westmoor_wx", ["No longer watching @westmoor_wx."]),
    ("/unwatch all", ["Sure? /unwatch all yes"]),
    ("/unwatch all yes", ["No longer watching anyone here"]),
    ("/watch help", ["/watch", "Example:"]),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the program said after each line of the story."""
    folder = tmp_path_factory.mktemp("story")
    typed = "".join(f"{line}\n" for line, _ in STORY)
    talk = lapwing(
        "run",
        typed=typed,
        settings={"database": folder / "lapwing.db", "replay_file": SAMPLE, "replay_speed": "max", **MODEL},
    )
    assert talk.status == 0, talk.err
    assert talk.err == ""
    return re.split(r"^> .*\n?", talk.out, flags=re.MULTILINE)[1:]


def test_the_story_is_long_enough_and_every_line_is_answered(answers: list[str]) -> None:
    assert len(STORY) >= 60
    assert len(answers) == len(STORY)


@pytest.mark.parametrize("at", range(len(STORY)), ids=lambda at: STORY[at][0].splitlines()[0][:50])
def test_the_answer_holds_what_it_must(at: int, answers: list[str]) -> None:
    _, expected = STORY[at]
    for part in expected:
        assert part in answers[at]
