"""The app as it stands in Discord's developer portal."""

from dataclasses import dataclass

from tests.fakes.discord.objects import user_object
from tests.fakes.discord.world import APP_ID, BOT_USER, Json, World

GUILD_MEMBERS, GUILD_PRESENCES, MESSAGE_CONTENT = 1 << 1, 1 << 8, 1 << 15
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT


@dataclass(kw_only=True)
class Application:
    """Its token and which privileged intents were switched on for it: none, as for a new app."""

    token: str = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.GaBcDe.local_discord_token_for_tests_only"
    privileged_intents: int = 0
    identifies_left: int = 1000

    @property
    def forbidden_intents(self) -> int:
        return PRIVILEGED & ~self.privileged_intents


def application_object(world: World, *, partial: bool = False) -> Json:
    """GET /oauth2/applications/@me; partial as in READY."""
    if partial:
        return {"id": APP_ID, "flags": 0}
    return {
        "id": APP_ID, "name": "Lapwing", "icon": None, "description": "A lookout in your team's chat",
        "summary": "", "type": None, "is_monetized": False, "bot_public": True, "bot_require_code_grant": False,
        "verify_key": "0" * 64, "flags": 0, "hook": True, "rpc_origins": [], "redirect_uris": [], "team": None,
        "interactions_endpoint_url": None, "role_connections_verification_url": None, "tags": [],
        "approximate_guild_count": len(world.guilds), "integration_types_config": {"0": {}},
        "owner": {**user_object(world.users[BOT_USER]), "id": "1200000000000000002", "username": "owner", "bot": False},
        "bot": user_object(world.users[BOT_USER]),
    }  # fmt: skip
