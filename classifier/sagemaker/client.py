"""The one module that imports boto3: a body in, a body out, and boto3's errors as ours."""

import contextlib
from collections.abc import Iterator
from typing import Any

import boto3
from botocore import exceptions as aws
from botocore.config import Config

from classifier.sagemaker.access import Access
from classifier.sagemaker.faults import Fault, Refusal, error, error_of
from classifier.types import ModelUnusableError

_CONNECT_S = 5.0
_JSON = "application/json"

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

    def invoke(self, body: bytes) -> bytes:
        """What the endpoint answers. Raises EndpointDownError or RequestRefusedError."""
        with self._as_ours():
            answer = self._client.invoke_endpoint(
                EndpointName=self._endpoint, ContentType=_JSON, Accept=_JSON, Body=body
            )
            read: bytes = answer["Body"].read()
            return read

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
