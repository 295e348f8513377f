"""Whether a request over HTTP is from Slack."""

from collections.abc import Mapping

from slack_sdk.signature import SignatureVerifier


def signed(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether Slack signed this body with our secret, within the last five minutes."""
    timestamp, signature = (headers.get(f"X-Slack-{name}", "") for name in ("Request-Timestamp", "Signature"))
    if not (secret and timestamp.isascii() and timestamp.isdigit() and signature.isascii()):
        return False
    return SignatureVerifier(secret).is_valid(body.decode("utf-8", "replace"), timestamp, signature)
