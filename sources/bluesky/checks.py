"""Whether Bluesky's servers answer, for `lapwing doctor`."""

from sources.bluesky.transport import CutError, NoAnswerError, Transport

_OFFICIAL = "bsky.app"  # somebody who is there; a server of one's own may not know them, which is an answer as well
_KNOWN, _UNKNOWN = 200, 400


async def examine(transport: Transport, *, jetstream_url: str, api_url: str) -> None:
    """One short connection to the stream, which tells of nobody, and one question. Raises NoAnswerError."""
    try:
        socket = await transport.connect(f"{jetstream_url}{'&' if '?' in jetstream_url else '?'}requireHello=true")
    except CutError as error:
        raise NoAnswerError(f"the stream at {jetstream_url} does not answer: {error}") from error
    await socket.close()
    try:
        answer = await transport.get(f"{api_url}/xrpc/app.bsky.actor.getProfile", {"actor": _OFFICIAL})
    except NoAnswerError as error:
        raise NoAnswerError(f"the API at {api_url} does not answer: {error}") from error
    if answer.status not in (_KNOWN, _UNKNOWN):
        raise NoAnswerError(f"the API at {api_url} answers {answer.status}")
