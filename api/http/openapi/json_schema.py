"""JSON schemas as pydantic generates them, in the form that the OpenAPI document uses."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue


class UntitledSchemas(GenerateJsonSchema):
    """Without titles that only repeat the name of a field."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def dataclass_schema(self, schema: Any) -> JsonSchemaValue:
        """With the texts under inherited fields, too: pydantic reads those of the class itself only."""
        described = super().dataclass_schema(schema)
        bases: Sequence[type] = schema["cls"].__mro__[1:]
        for base in bases:
            if "__dataclass_fields__" not in vars(base):
                continue
            for name, field in TypeAdapter(base).json_schema()["properties"].items():
                if "description" in field:
                    described["properties"][name].setdefault("description", field["description"])
        return described

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002
        """Leave the order of fields, also in examples, as it is declared."""
        return value
