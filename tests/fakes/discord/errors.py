"""What Discord answers when it refuses: a status, a JSON error code, a message and, for a bad form, where it is bad."""

from typing import Any

Json = dict[str, Any]


class DiscordRefusalError(Exception):
    """A request refused. `fields` stand in the body beside code and message."""

    def __init__(self, status: int, code: int, message: str, **fields: Any) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    @property
    def body(self) -> Json:
        return {"message": self.message, "code": self.code, **self.fields}


# Each is raised as `raise refusal(UNKNOWN_CHANNEL)`.
UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
UNKNOWN_GUILD = (404, 10004, "Unknown Guild")
UNKNOWN_MEMBER = (404, 10007, "Unknown Member")
UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
UNKNOWN_USER = (404, 10013, "Unknown User")
UNKNOWN_EMOJI = (400, 10014, "Unknown Emoji")
UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
UNKNOWN_APPLICATION = (404, 10002, "Unknown Application")
TOO_MANY_OLD_EDITS = (429, 30046, "Maximum number of edits to messages older than 1 hour reached. Try again later")
ALREADY_ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
UNAUTHORIZED = (401, 0, "401: Unauthorized")
MISSING_ACCESS = (403, 50001, "Missing Access")
NOT_YOUR_MESSAGE = (403, 50005, "Cannot edit a message authored by another user")
EMPTY_MESSAGE = (400, 50006, "Cannot send an empty message")
CANNOT_SEND_TO_USER = (403, 50007, "Cannot send messages to this user")
NOT_A_TEXT_CHANNEL = (400, 50008, "Cannot send messages in a non-text channel")
THREAD_ARCHIVED = (400, 50083, "Thread is archived")
THREAD_LOCKED = (400, 160005, "Thread is locked")
MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
INVALID_WEBHOOK_TOKEN = (401, 50027, "Invalid Webhook Token")
NOT_JSON = (400, 50109, "The request body contains invalid JSON.")
NO_ROUTE = (404, 0, "404: Not Found")
WRONG_METHOD = (405, 0, "405: Method Not Allowed")


def refusal(kind: tuple[int, int, str], **fields: Any) -> DiscordRefusalError:
    """One of the kinds above."""
    return DiscordRefusalError(*kind, **fields)


class Form:
    """Collects what is wrong with a request's body, by path, as Discord reports it (50035 Invalid Form Body)."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str, str]] = []  # path, code, message

    def wrong(self, path: str, code: str, message: str) -> None:
        self.faults.append((path, code, message))

    def too_long(self, path: str, value: object, most: int, least: int = 0) -> None:
        """Note a text longer than `most` or shorter than `least` characters, or no text at all."""
        if not isinstance(value, str):
            self.wrong(path, "STRING_TYPE_CONVERT", "Could not interpret as string.")
        elif len(value) > most or len(value) < least:
            self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")

    def raise_if_wrong(self) -> None:
        """Raises DiscordRefusalError with the faults nested by path."""
        if not self.faults:
            return
        errors: Json = {}
        for path, code, message in self.faults:
            place = errors
            for step in path.split("."):
                place = place.setdefault(step, {})
            place.setdefault("_errors", []).append({"code": code, "message": message})
        raise DiscordRefusalError(400, 50035, "Invalid Form Body", errors=errors)
