"""A local Slack for tests: Web API, Socket Mode, HTTP events, people. The real slack-bolt and slack_sdk talk to it.

    async with FakeSlack.running(manifest) as slack:
        ada = slack.person("ada")
        ops = slack.channel("ops", ada)
        ...  # the app runs with SLACK_API_URL=slack.url and slack.app's tokens
        await ada.types(ops, "/watch @vendor_sec")
        await slack.until(lambda: ada.ephemerals(ops))

Modules: world (what there is); web, methods, reading (the Web API); content, blocks, views (what messages and modals
may say); scopes, limits; faults (what goes wrong); courier, sockets, http_mode (payloads to the app); responses
(response URLs); people, typed, forms (what people do); pings (what a message does to them); manifest (would Slack
take it); server (all together).
"""

from tests.fakes.slack.app import PLAIN_MANIFEST, InstalledApp
from tests.fakes.slack.blocks import block_faults
from tests.fakes.slack.courier import Attempt, Delivery
from tests.fakes.slack.faults import (
    Fault,
    hanging,
    late,
    never_arrived,
    rate_limited,
    refused,
    reply_lost,
    server_error,
    slow_reply,
)
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.manifest import check_manifest
from tests.fakes.slack.people import Person
from tests.fakes.slack.pings import Effect, effects, effects_of_blocks, pings
from tests.fakes.slack.server import FakeSlack
from tests.fakes.slack.views import view_faults
from tests.fakes.slack.world import BOT_USER, HOME_TEAM, Channel, Message, View, Workspace

__all__ = [
    "BOT_USER", "HOME_TEAM", "PLAIN_MANIFEST", "Attempt", "Channel", "Delivery", "Effect", "FakeSlack", "Fault",
    "InstalledApp", "Limits", "Message", "Person", "View", "Workspace", "block_faults", "check_manifest", "effects",
    "effects_of_blocks", "hanging", "late", "never_arrived", "pings", "rate_limited", "refused", "reply_lost",
    "server_error", "slow_reply", "view_faults",
]  # fmt: skip
