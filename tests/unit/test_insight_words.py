"""Small words of /why, the preview and the what-if: bars, languages, sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.insight.bars import bars
from bot.insight.preview import Preview
from bot.insight.what_if import Dropped, Share, WhatIf
from bot.languages import names, unread
from storage.types import Judged
from tests.fakes.builders import MODEL, a_post, a_score

WRONG = Dropped(link="alert 1", judged=Judged.NOT_RELEVANT)
RIGHT = Dropped(link="https://example.org/1", judged=Judged.RELEVANT)
UNJUDGED = Dropped(link="alert 2", judged=None)


def test_a_bar_shows_the_score_beside_the_threshold_and_where_that_came_from() -> None:
    assert bars([a_score(score=0.91), a_score("cloud", 0.05, threshold=0.6, threshold_source="set for the label")]) == [
        "██████████████████░░  91% security, above 40%, default",
        "█░░░░░░░░░░░░░░░░░░░   5% cloud, not above 60%, set for the label",
    ]


def test_a_score_equal_to_its_threshold_is_not_above_it() -> None:
    assert bars([a_score(score=0.4)])[0].endswith("security, not above 40%, default")


@given(st.floats(0, 1))
def test_a_bar_is_always_as_wide_as_any_other(score: float) -> None:
    assert bars([a_score(score=score)])[0].index(" ") == 20


@pytest.mark.parametrize("lang", ["", "en", "en-GB", "EN", "und", "zxx", "qme"])
def test_a_post_in_the_models_language_or_in_none_is_read(lang: str) -> None:
    assert unread(a_post(lang=lang), MODEL) == ""


def test_a_post_in_another_language_is_not_read() -> None:
    assert unread(a_post(lang="pt-BR"), MODEL) == "pt"


def test_languages_are_named_where_we_know_their_names() -> None:
    assert names(["en", "de", "tlh"]) == "English, German and tlh"


@pytest.mark.parametrize(
    ("preview", "sentence"),
    [
        (Preview(), "it has not posted yet"),
        (Preview(posts=20, would_alert=3), "3 of its last 20 posts would have alerted"),
        (Preview(posts=1), "0 of its last 1 post would have alerted"),
        (
            Preview(posts=20, unread={"ja": 18}, reads=("en",)),
            (
                "0 of its last 20 posts would have alerted; "
                "18 of them are not in English, the only language the model reads"
            ),
        ),
        (Preview(posts=20, unread={"ja": 3}, reads=("en",)), "0 of its last 20 posts would have alerted"),
        (
            Preview(posts=4, unread={"ja": 1, "ko": 1}, reads=("en", "de")),
            (
                "0 of its last 4 posts would have alerted; "
                "2 of them are in Japanese and Korean; the model reads English and German"
            ),
        ),
        (
            Preview(trouble="X is down. Try later."),
            "I cannot say what its last posts would have done (X is down. Try later)",
        ),
    ],
)
def test_a_preview_is_said_in_a_part_of_a_sentence(preview: Preview, sentence: str) -> None:
    assert preview.sentence() == sentence


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (WhatIf(), "No posts have been decided here yet, so I cannot say what this would change."),
        (
            WhatIf(posts=200, alerts=30, dropped=(*[WRONG] * 11, RIGHT)),
            "60% would have dropped 12 of the last 30 alerts: 11 judged not relevant, 1 relevant: https://example.org/1",
        ),
        (WhatIf(posts=200, alerts=30), "60% would have dropped none of the last 30 alerts."),
        (
            WhatIf(posts=200, alerts=1, dropped=(UNJUDGED,)),
            "60% would have dropped 1 of the last 1 alert: none of them judged.",
        ),
        (
            WhatIf(posts=200, alerts=5, dropped=(UNJUDGED, WRONG)),
            "60% would have dropped 2 of the last 5 alerts: 1 not judged, 1 judged not relevant.",
        ),
        (
            WhatIf(posts=200, alerts=9, dropped=(RIGHT,) * 5),
            (
                "60% would have dropped 5 of the last 9 alerts: 5 judged relevant: "
                "https://example.org/1 https://example.org/1 https://example.org/1 and 2 more"
            ),
        ),
        (WhatIf(posts=200, added=5), "60% would have added 5 of the last 200 posts."),
        (
            WhatIf(posts=200, alerts=30, added=5, dropped=(WRONG,)),
            "60% would have added 5 of the last 200 posts, and dropped 1 of the last 30 alerts: 1 judged not relevant.",
        ),
        (WhatIf(posts=7), "60% would have changed nothing: none of the last 7 posts would alert."),
        (WhatIf(trouble="no model."), "I cannot say what this would have changed: no model."),
    ],
)
def test_a_what_if_counts_what_it_drops_and_adds(found: WhatIf, sentence: str) -> None:
    assert found.sentence("60%") == sentence


@pytest.mark.parametrize(
    ("share", "sentence"),
    [
        (Share(posts=200, alerts=150), "With these settings 150 of the last 200 posts (75%) would have alerted."),
        (Share(), "No posts have been decided here yet, so I cannot say how many would alert."),
        (Share(trouble="no model."), "I cannot say how many posts would alert: no model."),
    ],
)
def test_a_share_is_a_count_and_a_percentage(share: Share, sentence: str) -> None:
    assert share.sentence() == sentence
