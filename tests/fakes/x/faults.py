"""What X says when something is wrong, as its documentation shows it, and as its outer servers do."""

import json
from datetime import datetime

from tests.fakes.x.answers import Answer
from tests.fakes.x.world import Json

OPERATIONAL: Json = {
    "errors": [
        {
            "title": "operational-disconnect",
            "disconnect_type": "UpstreamOperationalDisconnect",
            "detail": "This stream has been disconnected upstream for operational reasons.",
            "type": "https://api.x.com/2/problems/operational-disconnect",
        }
    ]
}
TOO_MANY_CONNECTIONS: Json = {
    "title": "ConnectionException",
    "detail": "This stream is currently at the maximum allowed connection limit.",
    "connection_issue": "TooManyConnections",
    "type": "https://api.x.com/2/problems/streaming-connection",
}
NO_RULES: Json = {
    "title": "ConnectionException",
    "detail": "You must define rules using the POST /2/tweets/search/stream/rules endpoint before connecting.",
    "connection_issue": "RuleConfigurationIssue",
    "type": "https://api.x.com/2/problems/streaming-connection",
}
CREDITS_DEPLETED: Json = {
    "title": "CreditsDepleted",
    "detail": "Your enrolled account does not have any credits to fulfill this request.",
    "type": "https://api.twitter.com/2/problems/credits",
}
CAPPED: Json = {
    "title": "UsageCapExceeded",
    "detail": "Usage cap exceeded: Monthly product cap",
    "type": "https://api.twitter.com/2/problems/usage-capped",
}
SOMETHING_NEW: Json = {"errors": [{"title": "Something new", "type": "https://api.x.com/2/problems/unheard-of"}]}

UNAUTHORIZED = Answer(401, {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"})
FORBIDDEN = Answer(
    403,
    {
        "title": "Client Forbidden",
        "detail": "This request must be made by an app that is enrolled in the requested endpoint.",
        "reason": "client-not-enrolled",
        "type": "https://api.twitter.com/2/problems/client-forbidden",
    },
)
NO_CREDITS = Answer(402, CREDITS_DEPLETED)
BUSY_PAGE = Answer(503, "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>")
TOO_MANY_REQUESTS = Answer(429, {"title": "Too Many Requests", "type": "about:blank", "status": 429})
CONFLICT = Answer(409, NO_RULES)


def too_many_until(moment: datetime) -> Answer:
    """429 with the time at which the limit ends."""
    return Answer(429, TOO_MANY_REQUESTS.body, _limit(0, moment))


def still_connected(moment: datetime) -> Answer:
    """429 because of another connection, beside a limit of requests that is not used up, and ends then."""
    return Answer(429, TOO_MANY_CONNECTIONS, _limit(47, moment))


def _limit(remaining: int, moment: datetime) -> dict[str, str]:
    return {
        "x-rate-limit-limit": "50",
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(int(moment.timestamp())),
    }


def text_of(answer: Answer) -> str:
    """The body as it goes over the wire."""
    return answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
