"""What a person fills into a slash command, as Discord's client checks and sends it. Pure."""

from typing import Any

from tests.fakes.discord.attachments import attachment_object
from tests.fakes.discord.commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    GROUP,
    INTEGER,
    NUMBER,
    ROLE,
    STRING,
    SUBCOMMAND,
    USER,
)
from tests.fakes.discord.objects import channel_object, member_object, role_object, user_object
from tests.fakes.discord.world import File, Guild, Json, World


def words(text: str) -> tuple[str, list[str]]:
    """ "/labels set" -> ("labels", ["set"])"""
    assert text.startswith("/"), f"a command begins with a slash: {text!r}"
    name, *path = text.removeprefix("/").split()
    return name, path


def leaf(command: Json, path: list[str]) -> Json:
    """The command or subcommand at the end of the path. Raises LookupError where the client offers no such thing."""
    here = command
    for word in path:
        inner = [it for it in here.get("options", []) if it["type"] in (SUBCOMMAND, GROUP) and it["name"] == word]
        if not inner:
            raise LookupError(f"/{command['name']} has no subcommand {word!r}")
        here = inner[0]
    if any(it["type"] in (SUBCOMMAND, GROUP) for it in here.get("options", [])):
        raise LookupError(f"/{command['name']} {' '.join(path)} needs one of its subcommands")
    return here


def filled_in(
    world: World, guild: Guild | None, definition: Json, values: dict[str, Any], *, focused: str | None = None
) -> tuple[list[Json], Json]:
    """The options as sent, and what they resolve to. Raises LookupError and ValueError where the client stops a person.

    While an option is `focused` (autocomplete) nothing else need be there yet, and its text may be anything.
    """
    known = {option["name"]: option for option in definition.get("options", [])}
    for name in values:
        if name not in known:
            raise LookupError(f"{definition['name']} has no option {name!r}; it has {sorted(known)}")
    if focused is None:
        missing = [name for name, option in known.items() if option.get("required") and name not in values]
        if missing:
            raise ValueError(f"{definition['name']} needs {missing}")
    sent: list[Json] = []
    resolved: Json = {}
    for name, value in values.items():
        option = known[name]
        if name == focused:
            assert option.get("autocomplete"), f"{name} completes nothing"
            sent.append({"name": name, "type": option["type"], "value": str(value), "focused": True})
        else:
            sent.append({"name": name, "type": option["type"], "value": _value(world, guild, option, value, resolved)})
    return sent, resolved


def nested(path: list[str], command: Json, options: list[Json]) -> list[Json]:
    """The options wrapped in the subcommands that lead to them."""
    if not path:
        return options
    word, *rest = path
    inner = next(it for it in command["options"] if it["name"] == word)
    return [{"name": word, "type": inner["type"], "options": nested(rest, inner, options)}]


def _value(world: World, guild: Guild | None, option: Json, value: Any, resolved: Json) -> str | int | float | bool:
    kind = option["type"]
    if kind in (USER, CHANNEL, ROLE, ATTACHMENT):
        return _resolve(world, guild, kind, value, resolved)
    fits: dict[int, Any] = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: (int, float)}
    if kind not in fits or not isinstance(value, fits[kind]) or (kind != BOOLEAN and isinstance(value, bool)):
        raise ValueError(f"{option['name']} does not take {value!r}")
    if option.get("choices") and value not in [choice["value"] for choice in option["choices"]]:
        raise ValueError(f"{option['name']} is one of {[choice['value'] for choice in option['choices']]}")
    size = len(value) if isinstance(value, str) else value
    least, most = ("min_length", "max_length") if kind == STRING else ("min_value", "max_value")
    if size < option.get(least, size) or size > option.get(most, size):
        raise ValueError(f"{option['name']} does not take {value!r}: too short, long, small or big")
    if kind == STRING and not (1 <= len(value) <= 6000):
        raise ValueError(f"{option['name']} takes 1 to 6,000 characters")
    assert isinstance(value, str | int | float | bool)
    return value


def _resolve(world: World, guild: Guild | None, kind: int, thing: Any, resolved: Json) -> str:
    if kind == ATTACHMENT:
        assert isinstance(thing, File), "keep it first: world.keep_file(filename, content)"
        resolved.setdefault("attachments", {})[thing.id] = attachment_object(world, thing, ephemeral=True)
        return thing.id
    it = str(thing.id)
    if kind == USER:
        resolved.setdefault("users", {})[it] = user_object(world.users[it])
        if guild is not None and it in guild.members:
            member = member_object(world, guild, it)
            member.pop("user")
            resolved.setdefault("members", {})[it] = member | {"permissions": str(world.guild_permissions(it, guild))}
    elif kind == CHANNEL:
        resolved.setdefault("channels", {})[it] = channel_object(world, thing) | {"permissions": "0"}
    else:
        resolved.setdefault("roles", {})[it] = role_object(thing)
    return it
