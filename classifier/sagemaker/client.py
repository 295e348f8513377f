"""The one module that imports boto3: a body in, a body out, and boto3's errors as ours."""

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
from botocore import exceptions as aws
from botocore.config import Config
from botocore.response import StreamingBody

from classifier.sagemaker.access import Access
from classifier.sagemaker.faults import Fault, Refusal, error, error_of
from classifier.types import AnswerUnusableError, ModelUnusableError

_CONNECT_S = 5.0
_JSON = "application/json"
_CHUNK = 64 * 1024
_MOST_BYTES = 8 * 1024 * 1024
"""Of an answer, which repeats what it was asked: that may have 6 MB."""

_WORDS_OF_AN_ERROR = ("code", "Code", "__type", "message", "Message")
"""What boto3 reads of an error's body, and takes for text."""

_NO_CREDENTIALS = (
    aws.CredentialRetrievalError,
    aws.MetadataRetrievalError,
    aws.NoAuthTokenError,
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.SSOTokenLoadError,
    aws.TokenRetrievalError,
    aws.UnauthorizedSSOTokenError,
)


class Runtime:
    """The runtime of SageMaker as one endpoint's callers see it. May be called on several threads at once."""

    def __init__(self, endpoint: str, access: Access) -> None:
        """Asks nothing of the network. Raises ModelUnusableError where boto3 finds no region."""
        self._endpoint = endpoint
        self._timeout_s = access.timeout_s
        try:
            self._client: Any = boto3.Session().client(
                "sagemaker-runtime",
                endpoint_url=access.url or None,
                config=Config(
                    connect_timeout=_CONNECT_S,
                    read_timeout=access.timeout_s,
                    max_pool_connections=access.calls_at_once,
                    retries={"total_max_attempts": 1},  # who retries must know of throttling: see pace
                ),
            )
        except aws.NoRegionError as wrong:
            raise ModelUnusableError(
                f"the endpoint {endpoint} needs a region: set AWS_DEFAULT_REGION, or a region in your AWS profile"
            ) from wrong
        except (aws.BotoCoreError, ValueError) as wrong:
            raise ModelUnusableError(
                f"the endpoint {endpoint} cannot be asked: {wrong}. Mend SAGEMAKER_ENDPOINT_URL or your AWS profile"
            ) from wrong
        self._client.meta.events.register("before-parse.sagemaker-runtime.InvokeEndpoint", _make_readable)

    def invoke(self, body: bytes) -> bytes:
        """What the endpoint answers. Raises EndpointDownError or RequestRefusedError, and AnswerUnusableError for an
        answer without end.
        """
        end = time.monotonic() + self._timeout_s
        with self._as_ours():
            answer = self._client.invoke_endpoint(
                EndpointName=self._endpoint, ContentType=_JSON, Accept=_JSON, Body=body
            )
            length = answer["ResponseMetadata"]["HTTPHeaders"].get("content-length")
            with answer["Body"] as raw:  # closes the connection unless all was read
                return self._read(StreamingBody(_AsItComes(raw), length), end)

    def _read(self, body: StreamingBody, end: float) -> bytes:
        """boto3's time-out is that of a single read: an answer may drip for ever. One that is late is taken if it is
        whole.
        """
        read = bytearray()
        for chunk in body.iter_chunks(_CHUNK):
            if read and time.monotonic() > end:
                raise error(self._endpoint, Fault.TIMED_OUT, f"its answer was not whole after {self._timeout_s:g} s")
            read += chunk
            if len(read) > _MOST_BYTES:
                raise AnswerUnusableError(f"the endpoint answered with more than {_MOST_BYTES:,} bytes")
        return bytes(read)

    @contextlib.contextmanager
    def _as_ours(self) -> Iterator[None]:
        """The order counts: boto3's errors have parents of little meaning."""
        try:
            yield
        except aws.ClientError as wrong:
            raise error_of(self._endpoint, _refusal(wrong.response)) from wrong
        except (aws.ReadTimeoutError, aws.ConnectTimeoutError) as wrong:
            raise error(self._endpoint, Fault.TIMED_OUT, str(wrong)) from wrong
        except _NO_CREDENTIALS as wrong:
            raise error(self._endpoint, Fault.DENIED, str(wrong)) from wrong
        except aws.ParamValidationError as wrong:
            raise error(self._endpoint, Fault.REFUSED, str(wrong)) from wrong
        except aws.BotoCoreError as wrong:  # no connection, cut in the middle, no TLS, no proxy
            raise error(self._endpoint, Fault.UNREACHABLE, str(wrong)) from wrong


class _AsItComes:
    """A body of which a read gives what has come, where urllib3's waits for as much as was asked for."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def read(self, most: int) -> bytes:
        came: bytes = self._raw.read1(most)
        return came


def _make_readable(response_dict: dict[str, Any], **_: Any) -> None:
    """boto3 breaks on an error whose body is JSON but no object, or not in UTF-8, as containers and proxies send them:
    such a body becomes the error's message.
    """
    if response_dict["status_code"] < 300:
        return
    body: bytes = response_dict["body"]
    try:
        said = json.loads(body.decode())
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or any(not isinstance(said.get(word, ""), str) for word in _WORDS_OF_AN_ERROR):
        response_dict["body"] = json.dumps({"message": body.decode(errors="replace")}).encode()


def _refusal(response: Any) -> Refusal:
    said, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    return Refusal(
        code=str(said.get("Code", "")),
        status=int(meta.get("HTTPStatusCode", 0)),
        message=str(said.get("Message", "")),
        model_status=response.get("OriginalStatusCode"),
        model_message=str(response.get("OriginalMessage") or ""),
        log=str(response.get("LogStreamArn") or ""),
    )
