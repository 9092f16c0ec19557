"""ClickHouse's error codes, and the HTTP status of each."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """The codes that this server raises; all others come from the engine."""

    BAD_ARGUMENTS = 36
    NOT_IMPLEMENTED = 48
    SYNTAX_ERROR = 62
    INCORRECT_DATA = 117
    TOO_LARGE_STRING_SIZE = 131
    ACCESS_DENIED = 497
    AUTHENTICATION_FAILED = 516
    UNKNOWN_EXCEPTION = 1002


# As in ClickHouse's exceptionCodeToHTTPStatus.cpp; all others are 500.
_STATUSES = {
    400: {26, 27, 36, 38, 41, 53, 62, 70, 72, 117, 168, 169, 457},
    403: {497, 516},
    404: {35, 46, 47, 50, 56, 60, 63, 65, 73, 78, 81, 115, 336},
    413: {131},
    501: {48},
    504: {159},
}
STATUS_OF_CODE = {code: status for status, codes in _STATUSES.items() for code in codes}


class CatalogueError(Exception):
    """An error with ClickHouse's code; `status` overrides the usual HTTP status of that code."""

    def __init__(self, code: int, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = int(code)
        self.status = status or STATUS_OF_CODE.get(self.code, 500)


def refusal(code: Code, message: str, status: int | None = None) -> CatalogueError:
    """An error of this server, in the engine's format."""
    return CatalogueError(code, f"Code: {int(code)}. DB::Exception: {message} ({code.name})", status)
