"""What can be wrong with an endpoint, told apart, with the way out of each. Pure.

From the errors that InvokeEndpoint documents, and from what AWS answers any call.
"""

from dataclasses import dataclass
from enum import StrEnum

from classifier.types import ClassifierError, ModelUnavailableError

_THROTTLING = frozenset(
    {
        "LimitExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_DENYING = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_LONGEST = 300


class Fault(StrEnum):
    """What is wrong, in a word."""

    THROTTLED = "throttled"
    STARTING = "starting"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    DENIED = "denied"
    MISSING = "missing"
    REFUSED = "refused"
    """This request: another may well be answered."""

    @property
    def passes(self) -> bool:
        """Whether trying again soon may help."""
        return self not in {Fault.DENIED, Fault.MISSING, Fault.REFUSED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An answer of AWS that is an error, as it came."""

    code: str
    """Its name: "ThrottlingException", "ModelError"."""

    status: int
    message: str
    model_status: int | None = None
    """Of a ModelError: what the container answered, 0 where it did not; None where that is not said."""

    model_message: str = ""
    log: str = ""
    """Of a ModelError: where its log is."""


class EndpointDownError(ModelUnavailableError):
    """The endpoint answers nothing now; `fault` says why."""

    def __init__(self, text: str, fault: Fault) -> None:
        super().__init__(text)
        self.fault = fault


class RequestRefusedError(ClassifierError):
    """The endpoint takes other requests, but not this one."""

    fault = Fault.REFUSED


EndpointError = EndpointDownError | RequestRefusedError


_BY_CODE = {
    "ModelNotReadyException": Fault.STARTING,
    **dict.fromkeys(_THROTTLING, Fault.THROTTLED),
    **dict.fromkeys(_DENYING, Fault.DENIED),
}
_BY_STATUS = {401: Fault.DENIED, 403: Fault.DENIED, 408: Fault.TIMED_OUT, 429: Fault.THROTTLED}
_OF_MODEL = 424
"""The status of every ModelError, and of nothing else. A proxy may swallow the name."""


def fault_of(refusal: Refusal) -> Fault:
    """What an error of AWS means. The name counts before the status: 429 is also a model that is not ready."""
    if refusal.code == "ModelError" or refusal.status == _OF_MODEL:
        return _of_model(refusal)
    return _BY_CODE.get(refusal.code) or _BY_STATUS.get(refusal.status) or _by_words(refusal)


def _by_words(refusal: Refusal) -> Fault:
    """AWS has no error of its own for an endpoint that is not there, nor for one that is not yet."""
    if refusal.status >= 500:
        return Fault.BROKEN
    if _says(refusal.message, "not found", "could not find"):
        return Fault.MISSING
    if _says(refusal.message, "not inservice", "is not in service", "currently being created"):
        return Fault.STARTING
    return Fault.REFUSED


def _of_model(refusal: Refusal) -> Fault:
    """The container's own status tells whether it is the request's fault, with three habits of containers; where that
    is not said, AWS's own words do.
    """
    said = f"{refusal.message} {refusal.model_message}"
    if _says(said, "timed out", "timeout"):
        return Fault.TIMED_OUT
    if _says(said, "no worker is available", "model is loading", "is not ready", "currently loading"):
        return Fault.STARTING
    status = refusal.model_status
    if status is None:
        return Fault.REFUSED if _says(refusal.message, "received client error") else Fault.BROKEN
    if status == 429:
        return Fault.THROTTLED
    return Fault.REFUSED if 400 <= status < 500 else Fault.BROKEN


def error_of(endpoint: str, refusal: Refusal) -> EndpointError:
    """The same as an error for people, with the way out."""
    reason = refusal.model_message or refusal.message or refusal.code
    if refusal.code == "ModelError" and refusal.model_status is not None:
        reason = f"its model answered {refusal.model_status}: {reason}"
    else:
        reason = f"{refusal.code}: {reason}"
    return error(endpoint, fault_of(refusal), reason, log=refusal.log)


def error(endpoint: str, fault: Fault, reason: str, *, log: str = "") -> EndpointError:
    """An error that says which endpoint, what is wrong, and the way out."""
    said = f"the endpoint {endpoint} {_SAID[fault]} ({_short(reason)}). {_WAY_OUT[fault]}"
    said += f". Its log: {log}" if log and fault in {Fault.BROKEN, Fault.TIMED_OUT} else ""
    return RequestRefusedError(said) if fault is Fault.REFUSED else EndpointDownError(said, fault)


_SAID = {
    Fault.THROTTLED: "takes no more calls for now",
    Fault.STARTING: "is still starting",
    Fault.TIMED_OUT: "did not answer in time",
    Fault.UNREACHABLE: "cannot be reached",
    Fault.BROKEN: "failed",
    Fault.DENIED: "may not be asked with these credentials",
    Fault.MISSING: "does not exist",
    Fault.REFUSED: "refuses the request",
}
_WAY_OUT = {
    Fault.THROTTLED: "Lower SAGEMAKER_CALLS_AT_ONCE, give it more instances, or have its quota raised",
    Fault.STARTING: "It is asked again by itself",
    Fault.TIMED_OUT: "Give it a faster instance, or raise SAGEMAKER_TIMEOUT_S",
    Fault.UNREACHABLE: "Check SAGEMAKER_ENDPOINT_URL, the region (AWS_DEFAULT_REGION) and the network",
    Fault.BROKEN: "Look into the endpoint's log in CloudWatch",
    Fault.DENIED: "Give Lapwing's role sagemaker:InvokeEndpoint on it, and credentials that boto3 finds",
    Fault.MISSING: "Mend its name in CLASSIFIER, or the region (AWS_DEFAULT_REGION)",
    Fault.REFUSED: "It must serve the task zero-shot-classification",
}


def _says(text: str, *wanted: str) -> bool:
    low = text.lower()
    return any(one in low for one in wanted)


def _short(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
