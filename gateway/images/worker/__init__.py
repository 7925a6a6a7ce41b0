"""The process that looks at images: the only place that imports an image library.

    stdin -> opening (what is an image, how large) -> pixels (steps) -> saving -> stdout

It is started by `gateway.images.pool` with no environment but what Python needs, bounds itself (`limits`) and
does one job at a time. What it is fed may be hostile: it may break at any time, and nothing but the job is
lost.
"""
