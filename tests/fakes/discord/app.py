"""The app as it stands in Discord's developer portal."""

from dataclasses import dataclass

from tests.fakes.discord.objects import user_object
from tests.fakes.discord.world import APP_ID, BOT_USER, Json, World

GUILD_MEMBERS, GUILD_PRESENCES, MESSAGE_CONTENT = 1 << 1, 1 << 8, 1 << 15
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT


@dataclass(kw_only=True)
class Application:
    """Its token and what was switched on for it: as for a new app, no privileged intent."""

    token: str = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.GaBcDe.local_discord_token_for_tests_only"
    privileged_intents: int = 0
    public: bool = True
    requires_code_grant: bool = False
    interactions_endpoint: str | None = None  # set: interactions go there, and none over the gateway
    identifies_left: int = 1000

    @property
    def forbidden_intents(self) -> int:
        return PRIVILEGED & ~self.privileged_intents


def application_object(world: World, app: Application, *, partial: bool = False) -> Json:
    """GET /oauth2/applications/@me; partial as in READY."""
    if partial:
        return {"id": APP_ID, "flags": _flags(app)}
    return {
        "id": APP_ID, "name": "Lapwing", "icon": None, "description": "A lookout in your team's chat",
        "summary": "", "type": None, "is_monetized": False, "bot_public": app.public,
        "bot_require_code_grant": app.requires_code_grant,
        "verify_key": "0" * 64, "flags": _flags(app), "hook": True, "rpc_origins": [],
        "redirect_uris": [], "team": None,
        "interactions_endpoint_url": app.interactions_endpoint, "role_connections_verification_url": None, "tags": [],
        "approximate_guild_count": len(world.guilds), "integration_types_config": {"0": {}},
        "owner": {**user_object(world.users[BOT_USER]), "id": "1200000000000000002", "username": "owner", "bot": False},
        "bot": user_object(world.users[BOT_USER]),
    }  # fmt: skip


def _flags(app: Application) -> int:
    """GATEWAY_PRESENCE_LIMITED, GATEWAY_GUILD_MEMBERS_LIMITED and GATEWAY_MESSAGE_CONTENT_LIMITED tell what is on."""
    shown = {GUILD_PRESENCES: 1 << 13, GUILD_MEMBERS: 1 << 15, MESSAGE_CONTENT: 1 << 19}
    return sum(flag for intent, flag in shown.items() if app.privileged_intents & intent)
