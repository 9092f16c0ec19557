"""The base of all answers of the API."""


class Documented:
    """Base of all answers. The texts under the fields are their descriptions in the OpenAPI document."""

    __slots__ = ()
    __pydantic_config__ = {"use_attribute_docstrings": True}  # noqa: RUF012 - pydantic reads it from the class
