"""Whether somebody may do something, and why: asked of the same rules, by the same conditions, as requests are."""
