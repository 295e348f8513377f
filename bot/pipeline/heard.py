"""What was answered about a round of posts: each post's answers are of one speaker, since scores do not mix."""

from collections.abc import Mapping, Sequence

from bot.pipeline.decide import Answers
from bot.pipeline.questions import Said
from classifier.types import Speaker
from storage.types import PostId


class Heard:
    """Filled while a round is asked about, then decided from. Hypotheses are those that were asked."""

    def __init__(self, posts: Sequence[PostId]) -> None:
        self._answers: dict[PostId, dict[str, tuple[float, float]]] = {post: {} for post in posts}
        self._speakers: dict[PostId, Speaker] = {}

    def take(self, posts: Sequence[PostId], hypotheses: Sequence[str], said: Said) -> None:
        """Take up an answer about these posts. What another speaker said of them before is forgotten: ask again."""
        for post, row in zip(posts, said.rows, strict=True):
            if self._speakers.setdefault(post, said.speaker) != said.speaker:
                self._answers[post].clear()
                self._speakers[post] = said.speaker
            self._answers[post].update(zip(hypotheses, row, strict=True))

    def of(self, post: PostId) -> Answers:
        """What is known of a post."""
        return self._answers[post]

    def by_speaker(self, silent: Speaker) -> Mapping[Speaker, Sequence[PostId]]:
        """The posts, each with who spoke about it; those that nobody was asked about are `silent`'s."""
        found: dict[Speaker, list[PostId]] = {}
        for post in self._answers:
            found.setdefault(self._speakers.get(post, silent), []).append(post)
        return found
