"""Writing: a payload becomes steps, decided as a whole before the first row changes, then performed.

    payload ─ items ─> Item tree ─ prepare (rights, validation, look-ups) ─> Step tree ─ perform ─> keys
                                                                        └─ history ─> activity, revisions

Everything happens in the one transaction of the mutation root. `Item`s are what was sent, `Step`s what will
be done; both are frozen, so that what was permitted is what is performed.
"""
