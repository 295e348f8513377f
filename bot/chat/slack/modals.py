"""The one dialog there is: why an alert was wrong. Asked after the judgement is stored, and never needed. Pure."""

import json
from typing import Any

from bot.chat.plain import one_line
from bot.chat.slack.incoming import Said, channel_key
from bot.chat.slack.text import plain_text

REASON = "reason"
MOST_REASON = 300


def ask_reason(said: Said, alert: str) -> dict[str, Any]:
    """The dialog for one alert. `private_metadata` comes back with it, in a signed payload."""
    return {
        "type": "modal",
        "callback_id": REASON,
        "private_metadata": json.dumps(
            {"channel": said.channel.channel, "name": said.channel_name[:80], "alert": alert}
        ),
        "title": plain_text(f"Alert {alert}", 24),
        "submit": plain_text("Save"),
        "close": plain_text("Skip"),
        "blocks": [
            {"type": "section", "text": plain_text("Marked not relevant. What was wrong with it? You can leave this.")},
            {
                "type": "input",
                "block_id": REASON,
                "optional": True,
                "label": plain_text("Reason"),
                "element": {"type": "plain_text_input", "action_id": REASON, "max_length": MOST_REASON},
            },
        ],
    }


def reason(payload: dict[str, Any]) -> Said | None:
    """What was written into it, as a command; None when nothing was."""
    view = payload["view"]
    values = view["state"]["values"].get(REASON, {}).get(REASON, {})
    words = one_line(str(values.get("value") or ""), MOST_REASON)
    where = json.loads(view["private_metadata"])
    if not words:
        return None
    return Said(
        channel=channel_key(payload["team"]["id"], where["channel"]),
        channel_name=where["name"],
        person=payload["user"]["id"],
        text=f"-1 {where['alert']} {words}",
    )
