"""Whether somebody may do something, and why: asked of the rules that requests are asked of."""
