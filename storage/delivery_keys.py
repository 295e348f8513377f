"""The key of an alert's delivery: the same whenever the same post is decided for the same channel. Pure.

A copy of the database that is put back reads posts again that the original had alerted of. Since the key is the same,
the message that is in the chat already is found by it.
"""

import base64
import hmac
import json

from storage.types import ChannelKey, DeliveryKey

_CHARACTERS = 20
"""120 bits: nobody guesses one, no two meet, and it fits into a Discord nonce (25 characters at most)."""


def delivery_key(secret: bytes, channel: ChannelKey, source: str, post_id: str) -> DeliveryKey:
    """Opaque without the secret, and safe in an address. `source`, `post_id`: the post's identity."""
    named = json.dumps([channel.platform, channel.workspace, channel.channel, source, post_id])
    digest = hmac.digest(secret, named.encode(), "sha256")
    return DeliveryKey(base64.urlsafe_b64encode(digest).decode()[:_CHARACTERS])
