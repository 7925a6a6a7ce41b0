"""What writing needs of one snapshot, worked out once: texts of statements, converters, compiled checks and
answers.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

from resolvers.bounded import Bounded
from resolvers.bundle import Bundle
from resolvers.context import RequestContext
from resolvers.permissions import Gate
from resolvers.secrets import Hasher
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.history import HistoryTexts
from resolvers.sql.images import images
from resolvers.sql.statement import Statement
from resolvers.sql.write import WriteTexts
from resolvers.writing.actor_values import ActorValues
from resolvers.writing.carrying import parameter
from resolvers.writing.fields import Fields
from resolvers.writing.history import History, is_secret
from resolvers.writing.images import Images
from resolvers.writing.keeping import Keeper
from resolvers.writing.lookups import LookUps, keys_condition
from resolvers.writing.perform import Performer
from resolvers.writing.prepare import Preparer
from resolvers.writing.steps import Leaving
from resolvers.writing.watching import Watch
from schema_gen.database import Transaction
from schema_gen.drivers.base import DialectName, Reads
from schema_gen.model import Collection, SchemaSnapshot

#: compiled checks, images and roots kept for one snapshot
_KEPT: Final = 1000


class Tools:
    """`hasher`: for what permissions preset of secrets."""

    def __init__(
        self, bundle: Bundle, dialect: SqlDialect, dialect_name: DialectName, hasher: Hasher | None = None
    ) -> None:
        self.bundle = bundle
        self.snapshot: SchemaSnapshot = bundle.snapshot
        self.dialect = dialect
        self.texts = WriteTexts(dialect, bundle.snapshot, lambda field: parameter(field, dialect_name))
        self._history = HistoryTexts(self.texts, bundle.snapshot)
        self.fields = Fields(bundle.snapshot, dialect_name, hasher)
        #: (document, rules) -> variables that are written, variables that are structure
        self.shaping: Bounded[Hashable, tuple[frozenset[str], frozenset[str]]] = Bounded(_KEPT)
        #: ((document, rules), shape of the other variables) -> what the roots do
        self.plans: Bounded[Hashable, Any] = Bounded(_KEPT)
        self._checks: Bounded[Any, Statement] = Bounded(_KEPT)
        self._images: dict[tuple[str, bool], Statement] = {}

    def lookups(self, transaction: Reads, context: RequestContext) -> LookUps:
        return LookUps(
            transaction, self.snapshot, self.dialect, self.texts, self._checks, context, self.fields.convert
        )

    def preparer(
        self,
        transaction: Reads,
        lookups: LookUps,
        gate: Gate,
        context: RequestContext,
        watch: Watch | None = None,
    ) -> Preparer:
        values = ActorValues(transaction, self.snapshot, self.dialect, context)
        return Preparer(self.snapshot, gate, context, lookups, self.fields, values, watch)

    def history(self) -> History:
        return History(self.snapshot, self.fields.tell)

    def keeper(self, transaction: Transaction, context: RequestContext) -> Keeper:
        kept = Images(transaction, context, self._image)
        return Keeper(transaction, self.snapshot, self._history, context, self.fields.convert, kept)

    def performer(self, transaction: Transaction, history: History, leaving: Leaving) -> Performer:
        return Performer(transaction, self.snapshot, self.texts, history, self.fields.convert, leaving)

    def _image(self, collection: Collection, keyed: bool) -> Statement:
        known = self._images.get((collection.name, keyed))
        if known is None:
            condition = keys_condition(collection)
            told = [field for field in collection.fields.values() if field.concealed or not is_secret(field)]
            known = images(collection, told, condition, self.snapshot, self.dialect, keyed=keyed)
            self._images[collection.name, keyed] = known
        return known
