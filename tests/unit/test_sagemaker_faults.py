"""What is wrong with an endpoint, told apart by what AWS says."""

import pytest

from classifier.sagemaker.faults import EndpointDownError, Fault, Refusal, RequestRefusedError, error_of, fault_of
from classifier.types import ModelUnavailableError


def of_model(status: int | None, message: str = "it broke") -> Refusal:
    return Refusal(code="ModelError", status=424, message="Received error", model_status=status, model_message=message)


@pytest.mark.parametrize(
    ("refusal", "fault"),
    [
        (Refusal(code="ThrottlingException", status=400, message="Rate exceeded"), Fault.THROTTLED),
        (Refusal(code="TooManyRequestsException", status=429, message=""), Fault.THROTTLED),
        (Refusal(code="", status=429, message=""), Fault.THROTTLED),
        (Refusal(code="ModelNotReadyException", status=429, message="not ready"), Fault.STARTING),
        (Refusal(code="ValidationError", status=400, message="Endpoint news is not InService"), Fault.STARTING),
        (Refusal(code="ValidationError", status=400, message="Endpoint news of account 1 not found."), Fault.MISSING),
        (Refusal(code="ValidationError", status=400, message="Body is too long"), Fault.REFUSED),
        (Refusal(code="413", status=413, message="Request Entity Too Large"), Fault.REFUSED),
        (Refusal(code="AccessDeniedException", status=403, message="not authorized"), Fault.DENIED),
        (Refusal(code="ExpiredTokenException", status=403, message="expired"), Fault.DENIED),
        (Refusal(code="UnrecognizedClientException", status=400, message="invalid token"), Fault.DENIED),
        (Refusal(code="Forbidden", status=403, message=""), Fault.DENIED),
        (Refusal(code="InternalFailure", status=500, message="a host was not found"), Fault.BROKEN),
        (Refusal(code="ServiceUnavailable", status=503, message=""), Fault.BROKEN),
        (Refusal(code="InternalDependencyException", status=530, message=""), Fault.BROKEN),
        (Refusal(code="408", status=408, message=""), Fault.TIMED_OUT),
        (Refusal(code="424", status=424, message=""), Fault.BROKEN),
        (Refusal(code="424", status=424, message="Your invocation timed out while waiting"), Fault.TIMED_OUT),
        (Refusal(code="424", status=424, message="Received server error (500) from primary"), Fault.BROKEN),
        (Refusal(code="424", status=424, message="Received client error (400) from primary"), Fault.REFUSED),
        (of_model(500), Fault.BROKEN),
        (of_model(None), Fault.BROKEN),
        (of_model(400), Fault.REFUSED),
        (of_model(429), Fault.THROTTLED),
        (of_model(0, "Your invocation timed out while waiting for a response"), Fault.TIMED_OUT),
        (of_model(503, "No worker is available to serve request"), Fault.STARTING),
    ],
)
def test_each_error_is_what_it_means(refusal: Refusal, fault: Fault) -> None:
    assert fault_of(refusal) is fault


def test_only_what_may_pass_by_itself_is_worth_trying_again_soon() -> None:
    assert {fault for fault in Fault if not fault.passes} == {Fault.DENIED, Fault.MISSING, Fault.REFUSED}


def test_an_error_of_the_model_says_what_the_container_said_and_where_its_log_is() -> None:
    refusal = Refusal(
        code="ModelError", status=424, message="x", model_status=500, model_message="CUDA out of memory", log="arn:log"
    )

    assert str(error_of("news", refusal)) == (
        "the endpoint news failed (its model answered 500: CUDA out of memory). "
        "Look into the endpoint's log in CloudWatch. Its log: arn:log"
    )


def test_what_keeps_every_text_from_being_answered_is_no_fault_of_the_text() -> None:
    down = error_of("news", Refusal(code="AccessDeniedException", status=403, message="no"))
    refused = error_of("news", of_model(400))

    assert isinstance(down, EndpointDownError)
    assert isinstance(down, ModelUnavailableError)
    assert isinstance(refused, RequestRefusedError)
    assert not isinstance(refused, ModelUnavailableError)


def test_a_long_complaint_is_cut() -> None:
    assert len(str(error_of("news", of_model(500, "x" * 100_000)))) < 600
