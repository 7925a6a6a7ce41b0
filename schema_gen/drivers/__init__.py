"""How a database is spoken to: one class per driver behind `schema_gen.database.Database`."""
