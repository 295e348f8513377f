"""A SageMaker runtime on 127.0.0.1: InvokeEndpoint's REST protocol, spoken to by the real boto3.

    POST /endpoints/news/invocations {"inputs": "text", "parameters": {"candidate_labels": […], …}}

It answers in each form that servers of the zero-shot task have, and fails in each way that AWS documents or that
containers are known for.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.types import CONTRADICTION, ENTAILMENT

ACCOUNT = "123456789012"
LOG = f"https://us-east-1.console.aws.amazon.com/cloudwatch/home#logEventViewer:group=/aws/sagemaker/Endpoints/news;{ACCOUNT}"

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",  # of the documentation of AWS
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}
"""In which boto3 finds a region and credentials, and nothing of this machine's owner."""

Pipeline = Callable[[str, Sequence[str], str, bool], Mapping[str, Any]]
"""Text, labels, template and multi_label to {"sequence", "labels", "scores"}, as transformers' pipeline."""


class Form(StrEnum):
    """How the answer to one text looks."""

    DICT = "dict"
    PAIRS = "pairs"
    """[{"label", "score"}]"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What a call meets in place of an answer, or what becomes of its answer."""

    status: int = 200
    error: str = ""
    """AWS's name for it."""

    body: Any = field(default_factory=dict)
    """As JSON; bytes as they are."""

    late_s: float = 0.0
    cut: bool = False
    """The connection ends without an answer."""

    torn: bool = False
    """The connection ends in the middle of the answer."""

    drips_s: float = 0.0
    """Between one byte of the answer and the next."""

    spoil: Callable[[bytes], bytes] | None = None
    """What becomes of a good answer."""


def throttled() -> Trouble:
    return Trouble(status=400, error="ThrottlingException", body={"message": "Rate exceeded"})


def not_ready() -> Trouble:
    """A serverless or multi-model endpoint that starts cold."""
    return Trouble(
        status=429,
        error="ModelNotReadyException",
        body={"Message": "Model is not ready for inference. Please wait and try your request again."},
    )


def model_error(status: int = 500, said: str = "CUDA out of memory") -> Trouble:
    """424, with what the container answered."""
    kind = "server" if status >= 500 or not status else "client"
    return Trouble(
        status=424,
        error="ModelError",
        body={
            "ErrorCode": "CLIENT_ERROR_FROM_MODEL" if kind == "client" else "INTERNAL_FAILURE_FROM_MODEL",
            "LogStreamArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/news",
            "Message": f'Received {kind} error ({status}) from primary with message "{said}". See {LOG}',
            "OriginalMessage": said,
            "OriginalStatusCode": status,
        },
    )


def model_error_with(body: Any) -> Trouble:
    """By its name, but with a body that AWS would not send."""
    return Trouble(status=424, error="ModelError", body=body)


def container_timed_out() -> Trouble:
    """The container had 60 s and did not answer."""
    return model_error(0, "Your invocation timed out while waiting for a response from container primary.")


def no_worker() -> Trouble:
    """TorchServe and MMS while the model is loaded into the workers."""
    return model_error(503, '{"code": 503, "type": "ServiceUnavailableException", "message": "No worker is available"}')


def invalid(said: str = "Could not parse the request") -> Trouble:
    return Trouble(status=400, error="ValidationError", body={"Message": said})


def denied() -> Trouble:
    said = f"User: arn:aws:iam::{ACCOUNT}:user/lapwing is not authorized to perform: sagemaker:InvokeEndpoint"
    return Trouble(status=403, error="AccessDeniedException", body={"Message": said})


def internal() -> Trouble:
    return Trouble(status=500, error="InternalFailure", body={"Message": "An internal failure occurred."})


def unavailable() -> Trouble:
    return Trouble(status=503, error="ServiceUnavailable", body={"Message": "The service is unavailable."})


def late(seconds: float) -> Trouble:
    """The answer comes, but after so long."""
    return Trouble(late_s=seconds)


def cut() -> Trouble:
    return Trouble(cut=True)


def torn() -> Trouble:
    return Trouble(torn=True)


def dripping(seconds: float) -> Trouble:
    """The answer begins to come at once, but so slowly."""
    return Trouble(drips_s=seconds)


def nameless(status: int, body: Any = "") -> Trouble:
    """An error that is not of AWS: of a proxy, or of a container that is asked without SageMaker."""
    return Trouble(status=status, body=body)


def spoiled(spoil: Callable[[bytes], bytes]) -> Trouble:
    return Trouble(spoil=spoil)


def html() -> Trouble:
    """A proxy's error page, with a status that says all is well."""
    return spoiled(lambda _: b"<html><body><h1>502 Bad Gateway</h1></body></html>")


def half() -> Trouble:
    """The first half of an answer, as if it were whole."""
    return spoiled(lambda body: body[: len(body) // 2])


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What was asked."""

    inputs: str | list[str]
    labels: tuple[str, ...]
    template: str
    multi_label: bool
    at: float
    """By time.monotonic."""


class Endpoint:
    """One endpoint, served on a thread of its own between `with` and its end."""

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        name: str = "news",
        form: Form = Form.DICT,
        lists: bool = True,
        wrapped: bool = False,
    ) -> None:
        """`lists`: whether the container takes a list of texts. `wrapped`: whether one text's answer is in a list."""
        self.name = name
        self.form = form
        self.lists = lists
        self.wrapped = wrapped
        self.calls: list[Call] = []
        """Those that came as far as the container."""

        self.requests = 0
        self.most_at_once = 0
        self.capacity = 1_000
        """So many calls at once; the others are throttled."""

        self.takes_s = 0.0
        """How long the container computes."""

        self.always: Trouble | None = None
        """What every call meets; None: an answer."""

        self.meets: Callable[[Call], Trouble | None] = lambda _: None
        """What a call meets, by what it asks."""

        self.pipeline = pipeline
        self._next: list[Trouble | None] = []
        self._lock = threading.Lock()
        self._at_once = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def then(self, *troubles: Trouble | None) -> None:
        """What the next calls meet, one each, before anything else; None is an answer."""
        with self._lock:
            self._next += troubles

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve(self, path: str, signed: str, body: bytes) -> tuple[Trouble, bytes]:
        """What becomes of a request; the body only where the trouble is none."""
        with self._lock:
            self.requests += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            too_many = self._at_once > self.capacity
            first = self._next.pop(0) if self._next else self.always
        try:
            if refused := self._refused(path, signed):
                return refused, b""
            if too_many:
                return throttled(), b""
            return self._invoke(body, first)
        finally:
            with self._lock:
                self._at_once -= 1

    def _refused(self, path: str, signed: str) -> Trouble | None:
        """What the service itself does not let through to the container."""
        if not signed.startswith("AWS4-HMAC-SHA256 Credential=") or "/sagemaker/aws4_request" not in signed:
            said = {"message": "Missing Authentication Token"}
            return Trouble(status=403, error="MissingAuthenticationTokenException", body=said)
        if path != f"/endpoints/{self.name}/invocations":
            return invalid(f"Endpoint {path.split('/')[2]} of account {ACCOUNT} not found.")
        return None

    def _invoke(self, body: bytes, trouble: Trouble | None) -> tuple[Trouble, bytes]:
        call = _call(body)
        if call is None:
            return model_error(400, "the body is not what the task zero-shot-classification takes"), b""
        if trouble is None:
            trouble = self.meets(call) or Trouble()
        self.calls.append(call)
        time.sleep(self.takes_s + trouble.late_s)
        if trouble.status != 200 or trouble.cut:
            return trouble, b""
        if isinstance(call.inputs, list) and not self.lists:
            return model_error(400, "'list' object has no attribute 'strip'"), b""
        answer = json.dumps(self._answer(call)).encode()
        return trouble, answer if trouble.spoil is None else trouble.spoil(answer)

    def _answer(self, call: Call) -> Any:
        if isinstance(call.inputs, list):
            return [self._formed(text, call) for text in call.inputs]
        answer = self._formed(call.inputs, call)
        return [answer] if self.wrapped else answer

    def _formed(self, text: str, call: Call) -> Any:
        answer = self.pipeline(text, call.labels, call.template, call.multi_label)
        if self.form is Form.DICT:
            return answer
        pairs = zip(answer["labels"], answer["scores"], strict=True)
        return [{"label": label, "score": score} for label, score in pairs]


def pipeline_of(logits: Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]) -> Pipeline:
    """The pipeline's own arithmetic, in floats of 32 bits, on logits of shape [texts, hypotheses, 2]."""

    def pipeline(text: str, labels: Sequence[str], template: str, multi_label: bool) -> Mapping[str, Any]:
        found = logits([text], [template.format(label) for label in labels])[0]
        if multi_label or len(labels) == 1:
            pair = np.exp(found[:, [CONTRADICTION, ENTAILMENT]])
            scores = (pair / pair.sum(-1, keepdims=True))[:, 1]
        else:
            entailment = np.exp(found[:, ENTAILMENT])
            scores = entailment / entailment.sum()
        order = list(reversed(scores.argsort()))
        return {"sequence": text, "labels": [labels[place] for place in order], "scores": scores[order].tolist()}

    return pipeline


@contextmanager
def aws() -> Iterator[None]:
    """An environment in which boto3 finds a region and credentials, and nothing of this machine's owner."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


def answered(calls: Iterable[Call]) -> list[str]:
    """The texts of these calls, one behind the other."""
    return [text for call in calls for text in (call.inputs if isinstance(call.inputs, list) else [call.inputs])]


def _call(body: bytes) -> Call | None:
    try:
        asked = json.loads(body)
        parameters = asked["parameters"]
        labels, inputs = parameters["candidate_labels"], asked["inputs"]
    except (ValueError, KeyError, TypeError):
        return None
    fits = isinstance(labels, list) and labels and inputs
    if not fits or set(parameters) != {"candidate_labels", "hypothesis_template", "multi_label"}:
        return None
    return Call(
        inputs=inputs,
        labels=tuple(labels),
        template=parameters["hypothesis_template"],
        multi_label=parameters["multi_label"],
        at=time.monotonic(),
    )


def _encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            trouble, answer = endpoint.serve(self.path, self.headers["Authorization"] or "", body)
            if trouble.cut:
                self.close_connection = True
                return
            with suppress(ConnectionError):  # who asked may be gone
                self._send(trouble, answer if trouble.status == 200 else _encoded(trouble.body))

        def _send(self, trouble: Trouble, body: bytes) -> None:
            self.send_response(trouble.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-amzn-RequestId", "0ad6c5a1-6f0c-4f3a-8f0e-000000000000")
            if trouble.error:
                self.send_header("x-amzn-ErrorType", f"{trouble.error}:http://internal.amazon.com/coral/")
            else:
                self.send_header("x-Amzn-Invoked-Production-Variant", "AllTraffic")
            self.end_headers()
            if trouble.torn:
                self.close_connection = True
                body = body[: len(body) // 2]
            step = 1 if trouble.drips_s else max(len(body), 1)
            for start in range(0, len(body), step):
                self.wfile.write(body[start : start + step])
                time.sleep(trouble.drips_s)

        def log_message(self, *_: object) -> None:
            """Tests say what they need to."""

    return Handler
