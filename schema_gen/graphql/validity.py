"""Parsed document + schema -> what is wrong with it. Pure; the limits come first, then the rules.

    faults(schema, parse("{ articles { titel } }"), DocumentLimits())
        -> [GraphQLError("Cannot query field 'titel' on type 'articles'.")]

The rules that hold are those of GraphQL. One of them compares every two fields that answer under one name,
which a short document can make very many: `max { id id id ... }` 40 times over is 1,280,000 pairs. Its
comparisons are counted and end at a bound, so that no document costs more than a few times its own fields.
"""

from __future__ import annotations

from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

from schema_gen.graphql.limits import DocumentLimits, exceeded

#: errors that are named before validation gives up
_MOST_ERRORS: Final = 20
#: steps of comparing fields that answer under one name. Documents that people write need some hundreds;
#: a union of 60 types with 20 fields each in common needs 71,000. The library's own bound is five times this.
COMPARISONS: Final = 100_000


class _Comparing(OverlappingFieldsCanBeMergedRule):
    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = COMPARISONS


#: the rules about @defer and @stream have nothing to say without these directives
_RULES: Final = (
    *(
        rule
        for rule in specified_rules
        if rule is not OverlappingFieldsCanBeMergedRule and "Stream" not in rule.__name__
    ),
    _Comparing,
)


def faults(schema: GraphQLSchema, document: DocumentNode, limits: DocumentLimits) -> list[GraphQLError]:
    """Every fault that is found before one of the bounds ends the search; none: the document may run."""
    too_much = exceeded(document, limits)
    if too_much is not None:
        return [too_much]
    errors = validate(schema, document, _RULES, max_errors=_MOST_ERRORS, hide_suggestions=True)
    if errors and isinstance(errors[-1], ValidationAbortedError) and len(errors) <= _MOST_ERRORS:
        errors[-1] = GraphQLError("The document repeats or nests its fields too much.")
    return errors
