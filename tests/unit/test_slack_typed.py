"""The local Slack hands typed text to the app as Slack does."""

import pytest

from tests.fakes.slack import Channel, Workspace
from tests.fakes.slack.typed import as_command_text, as_message_text
from tests.fakes.slack.world import User


@pytest.fixture
def workspace() -> Workspace:
    made = Workspace()
    made.users["U1"] = User(id="U1", name="ada")
    made.channels["C1"] = Channel(id="C1", name="ops")
    return made


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        ("@vendor_sec -retweets", "@vendor_sec -retweets"),
        ("@ada", "<@U1|ada>"),
        ("#ops", "<#C1|ops>"),
        ("#nowhere", "#nowhere"),
        ("https://x.com/a/status/1?s=20&t=b", "<https://x.com/a/status/1?s=20&amp;t=b>"),
        ("see https://x.com/a.", "see <https://x.com/a>."),
        ("x.com/vendor_sec", "<http://x.com/vendor_sec|x.com/vendor_sec>"),
        ("team.bsky.social", "<http://team.bsky.social|team.bsky.social>"),
        ("@news@mastodon.social", "@<mailto:news@mastodon.social|news@mastodon.social>"),
        ("@team.bsky.social", "@<http://team.bsky.social|team.bsky.social>"),
        ("@ada.", "<@U1|ada>."),
        ("@adam", "@adam"),
        ("a@b.org", "<mailto:a@b.org|a@b.org>"),
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
        ("set a, b, “supply chain”", "set a, b, “supply chain”"),
        ("min:60% 1.5", "min:60% 1.5"),
    ],
)
def test_a_command_with_should_escape(typed: str, arrives: str, workspace: Workspace) -> None:
    assert as_command_text(typed, workspace, should_escape=True) == arrives


def test_a_command_without_should_escape_keeps_names_and_links(workspace: Workspace) -> None:
    typed = "@ada #ops https://x.com/a & <b>"
    assert as_command_text(typed, workspace, should_escape=False) == "@ada #ops https://x.com/a &amp; &lt;b&gt;"


def test_a_message_names_people_by_id_only(workspace: Workspace) -> None:
    assert as_message_text("<@U0LAPWING0> watch @ada & x.com/a", workspace) == (
        "<@U0LAPWING0> watch <@U1> &amp; <http://x.com/a|x.com/a>"
    )
