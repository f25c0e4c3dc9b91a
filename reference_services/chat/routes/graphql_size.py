"""The size of a GraphQL query with its fragments, counted without expanding them.

Twenty fragments that each spread the next one twice are a million fields. Validation and its limits walk them all; here
each fragment is counted once, and where it is spread its figures are added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)
from strawberry.extensions import SchemaExtension

DEEPEST, MOST_ALIASES, MOST_FIELDS, MOST_TOKENS = 6, 10, 400, 2000
MOST_CHARACTERS = 65_536
"""Of a query; a long text is sent as a variable, which no lexer goes through letter by letter."""
DEEPEST_INTROSPECTION = 16
"""The query by which tools ask for a schema has 15: types of types of types."""
MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Size:
    """Of a selection. Spreads and inline fragments count as fields."""

    depth: int = 0
    introspection_depth: int = 0
    fields: int = 0
    aliases: int = 0


def check(document: DocumentNode) -> None:
    """Raises GraphQLError if a document is too large."""
    try:
        sizes = list(_Count(document).sizes())
    except RecursionError:
        raise GraphQLError("The query is nested too deeply.") from None
    deepest = max((size.depth for size in sizes), default=0)
    shown = max((size.introspection_depth for size in sizes), default=0)
    fields, aliases = sum(size.fields for size in sizes), sum(size.aliases for size in sizes)
    for found, most, what in (
        (deepest, DEEPEST, "fields deep"),
        (shown, DEEPEST_INTROSPECTION, "fields of introspection deep"),
        (fields, MOST_FIELDS, "fields with its fragments put in"),
        (aliases, MOST_ALIASES, "aliases with its fragments put in"),
    ):
        if found > most:
            # The figure itself may have thousands of digits.
            raise GraphQLError(f"The query is too large: it has more than {most} {what}.")


class SizeLimiter(SchemaExtension):
    """Refuses a query that is too large, before it is validated."""

    def on_operation(self) -> Iterator[None]:
        """The parser has its own limit."""
        self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        yield

    def on_validate(self) -> Iterator[None]:
        """With an error here nothing else looks at the query."""
        document = self.execution_context.graphql_document
        assert document is not None
        try:
            check(document)
        except GraphQLError as error:
            self.execution_context.pre_execution_errors = [error]
        yield


class _Count:
    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._sizes: dict[str, Size | None] = {}
        """None while a fragment is being counted: one that is met then is spread within itself."""

    def sizes(self) -> Iterator[Size]:
        """The size of each operation, and of each fragment that none of them has reached: it is validated as well."""
        for each in self._document.definitions:
            if isinstance(each, OperationDefinitionNode):
                yield self._set(each.selection_set)
        for name in self._fragments.keys() - self._sizes.keys():
            yield self._fragment(name)

    def _set(self, selections: SelectionSetNode | None) -> Size:
        sizes = [self._one(each) for each in selections.selections] if selections is not None else []
        return Size(
            max((size.depth for size in sizes), default=0),
            max((size.introspection_depth for size in sizes), default=0),
            sum(size.fields for size in sizes),
            sum(size.aliases for size in sizes),
        )

    def _one(self, selection: SelectionNode) -> Size:
        if isinstance(selection, FragmentSpreadNode):
            inner = self._fragment(selection.name.value)
            return replace(inner, fields=inner.fields + 1)
        if isinstance(selection, InlineFragmentNode):
            inner = self._set(selection.selection_set)
            return replace(inner, fields=inner.fields + 1)
        assert isinstance(selection, FieldNode)
        inner = self._set(selection.selection_set)
        fields, aliases = inner.fields + 1, inner.aliases + (selection.alias is not None)
        if selection.name.value.startswith("__"):
            return Size(1, inner.depth + 1, fields, aliases)
        return Size(inner.depth + 1, inner.introspection_depth, fields, aliases)

    def _fragment(self, name: str) -> Size:
        if name not in self._fragments:
            return Size()  # Validation tells of it.
        if name in self._sizes:
            found = self._sizes[name]
            if found is None:
                raise GraphQLError(f"The fragment {name[:MOST_SHOWN]} is spread within itself.")
            return found
        self._sizes[name] = None
        found = self._sizes[name] = self._set(self._fragments[name].selection_set)
        return found
