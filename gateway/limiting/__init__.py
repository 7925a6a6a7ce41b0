"""How much is too much: requests of an address and of everybody, tries of what could be guessed.

counters = Counters(OwnStorage(), shared)       where things are counted: here, or in Redis
RequestLimits(counters, ...).take(ip)           every request, before anything costs
Tries(counters, ...).take("login", mail, ip)    the `Throttle` of the stages behind
"""
