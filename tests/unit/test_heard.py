"""What was answered about a round of posts."""

from bot.pipeline.heard import Heard
from bot.pipeline.questions import Said
from classifier.types import Model, Speaker
from storage.types import PostId

ONE, TWO, THREE = map(PostId, (1, 2, 3))


def speaker(name: str) -> Speaker:
    return Speaker(model=Model(engine="keyword", name=name, revision="1"), template=f"{name}: {{}}")


FIRST, SECOND = speaker("first"), speaker("second")


def said(by: Speaker, *rows: float) -> Said:
    """One hypothesis, a row a text."""
    return Said(rows=[[(row, -row)] for row in rows], speaker=by)


def test_answers_of_one_speaker_add_up() -> None:
    heard = Heard([ONE])
    heard.take([ONE], ["flood"], said(FIRST, 1.0))
    heard.take([ONE], ["goal"], said(FIRST, 2.0))

    assert heard.of(ONE) == {"flood": (1.0, -1.0), "goal": (2.0, -2.0)}
    assert heard.by_speaker(SECOND) == {FIRST: [ONE]}


def test_what_another_speaker_says_of_a_post_makes_the_earlier_unknown_again() -> None:
    heard = Heard([ONE, TWO])
    heard.take([ONE, TWO], ["flood"], said(FIRST, 1.0, 1.5))
    heard.take([ONE], ["goal"], said(SECOND, 2.0))

    assert heard.of(ONE) == {"goal": (2.0, -2.0)}
    assert heard.of(TWO) == {"flood": (1.5, -1.5)}
    assert heard.by_speaker(FIRST) == {SECOND: [ONE], FIRST: [TWO]}


def test_a_post_that_nobody_was_asked_about_goes_by_who_would_speak() -> None:
    heard = Heard([ONE, TWO, THREE])
    heard.take([TWO], ["flood"], said(FIRST, 1.0))

    assert heard.by_speaker(SECOND) == {SECOND: [ONE, THREE], FIRST: [TWO]}
