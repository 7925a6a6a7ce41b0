"""Images: what is asked of them, and the processes that do it.

    read_recipe(query, settings, accept, facts) -> Recipe | None          recipe (pure; no image library)
    await images.describe(path, type)           -> Described | None       pool: bounded worker processes
    await images.transform(source, recipe, target) -> Made

Only `gateway.images.worker`, which runs as a process of its own, imports an image library: what a hostile
file breaks is one worker, and its limits of memory and time end it.
"""
