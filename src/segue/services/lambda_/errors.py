"""The service's errors, in AWS's words. (Sources: the API reference; texts as the service answers.)"""

from __future__ import annotations

from segue.errors import AwsError


def _user_error(code: str, message: str, status: int) -> AwsError:
    return AwsError(code, message, status=status, members={"Type": "User"})


def invalid(message: str) -> AwsError:
    """``InvalidParameterValueException``."""
    return _user_error("InvalidParameterValueException", message, 400)


def missing(message: str = "The resource you requested does not exist.") -> AwsError:
    """``ResourceNotFoundException``."""
    return _user_error("ResourceNotFoundException", message, 404)


def function_not_found(arn: str) -> AwsError:
    """``ResourceNotFoundException`` for a function, or for one of its versions or aliases."""
    return missing(f"Function not found: {arn}")


def conflict(message: str) -> AwsError:
    """``ResourceConflictException``."""
    return _user_error("ResourceConflictException", message, 409)


def stale_revision(what: str = "GetFunction/GetAlias") -> AwsError:
    """``PreconditionFailedException``: the caller has seen an older revision."""
    message = (
        f"The Revision Id provided does not match the latest Revision Id. Call the {what} API to retrieve the latest "
        "Revision Id"
    )
    return _user_error("PreconditionFailedException", message, 412)


def constraint(member: str, value: object, rule: str) -> AwsError:
    """``ValidationException`` for a value that the model permits and the service does not."""
    message = (
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    )
    return AwsError("ValidationException", message)
