"""Files beside messages and in commands: taken out of a form, kept, and given out again as Discord's CDN does.

From docs.discord.com/developers/reference (Uploading Files) and resources/message (Attachment Object).
"""

import mimetypes
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from aiohttp import web

from tests.fakes.discord.errors import Form
from tests.fakes.discord.world import APP_ID, File, Json, World

PATH = "/attachments/{place}/{file_id}/{filename}"
_IN_FORM = "files["


def attachment_object(world: World, file: File, *, ephemeral: bool = False) -> Json:
    """A file as Discord writes it."""
    url = world.cdn_url + PATH.format(place=APP_ID, file_id=file.id, filename=quote(file.filename))
    it: Json = {"id": file.id, "filename": file.filename, "size": len(file.content), "url": url, "proxy_url": url}
    kind, _ = mimetypes.guess_type(file.filename)
    return it | ({"content_type": kind} if kind else {}) | ({"ephemeral": True} if ephemeral else {})


def with_files(world: World, body: Json, form: Mapping[str, Any]) -> Json:
    """A request's body in which the files of its form stand as attachments: each replaces the entry whose id is its n
    in files[n], or is added where there is none."""
    told = body.get("data", body)  # of a callback it is in there
    entries = list(told.get("attachments") or [])
    for name, part in form.items():
        if name.startswith(_IN_FORM):
            number = name.removeprefix(_IN_FORM).removesuffix("]")
            content: bytes = part.file.read()
            made = attachment_object(world, world.keep_file(part.filename, content))
            place = next((at for at, entry in enumerate(entries) if str(entry.get("id")) == number), len(entries))
            entries[place : place + 1] = [made]
    told["attachments"] = entries
    return body


def attached(form: Form, entries: Any, standing: Sequence[Json] = ()) -> list[Json]:
    """A message's attachments: those that came with the request, and those it names of the ones that stood there."""
    before = {str(one["id"]): one for one in standing}
    found = []
    for number, entry in enumerate(entries or []):
        if str(entry.get("id")) in before:
            found.append(before[str(entry["id"])])
        elif "url" in entry:
            found.append(entry)
        else:
            form.wrong(f"attachments.{number}.id", "ATTACHMENT_NOT_FOUND", "There is no such file in this request.")
    return found


def give_out(world: World) -> Any:
    """The handler of GET /attachments/…: whoever has the address may read it."""

    async def handle(request: web.Request) -> web.Response:
        file = world.files.get(request.match_info["file_id"])
        if file is None or file.filename != request.match_info["filename"]:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=file.content, content_type="application/octet-stream")

    return handle
