"""JSON schemas as pydantic generates them, in the form that the OpenAPI document uses."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue


class UntitledSchemas(GenerateJsonSchema):
    """Without titles that only repeat the name of a field."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002
        """Leave the order of fields, also in examples, as it is declared."""
        return value
