"""Handlers that take and give plain bytes, and are documented by their shape all the same."""

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Documented:
    """Marks a parameter or an answer that is passed on as it is, and documented as if it had this type."""

    def __init__(self, documented_as: Any) -> None:
        self._documented_as = documented_as

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.json_or_python_schema(
            json_schema=handler.generate_schema(self._documented_as), python_schema=core_schema.any_schema()
        )
