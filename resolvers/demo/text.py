"""The words of the demo site: "The Towpath", a magazine about rivers, crossings and the people beside them.

    random.Random(1) -> Writer -> titles, summaries, paragraphs, comments

A small grammar: sentences are patterns whose `{slots}` are filled from word lists. Everything depends on the
random source alone, so the same seed writes the same magazine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

_SLOT: Final = re.compile(r"\{(\w+)\}")


def _each(text: str) -> tuple[str, ...]:
    """The phrases of a list with commas, however its lines are broken."""
    return tuple(" ".join(part.split()) for part in text.split(","))


WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "river": _each(
        """
        Alder, Brisk, Calder, Dunmere, Ember, Fallow, Garnet, Hollin, Isen, Kestrel, Lorne, Marl, Nettle,
        Osier, Pell, Quill, Rushen, Sallow, Tarn, Umber, Vellen, Wythe
        """
    ),
    "place": _each(
        """
        Ashford Lock, Birch Quay, Cold Harbour, Drover's End, Eel Market, Ferry Row, Gull Wharf, High Weir,
        Ironbridge Yard, Juniper Reach, Kiln Steps, Lantern Basin, Mill Green, North Sluice, Old Toll, Paper
        Island, Quarry Bend, Rope Walk, Salt Stairs, Tanner's Ford, Upper Wharf, Willow Cut
        """
    ),
    "crossing": _each(
        """
        footbridge, viaduct, chain ferry, causeway, stone arch, swing bridge, ford, aqueduct, rope bridge,
        railway bridge, pontoon, lift bridge, tunnel, stepping stones
        """
    ),
    "thing": _each(
        """
        lock gate, tide table, lamp post, toll house, boat horn, flood wall, reed bed, cargo list, winding
        hole, mooring, mile post, ledger, pump house, timber yard, ice house, signal box, map, weir
        """
    ),
    "person": _each(
        """
        lock keeper, ferry pilot, bridge engineer, boat builder, ranger, cartographer, stonemason, bird
        watcher, archivist, eel fisher, baker, school teacher, diver, night porter, surveyor, lamp lighter
        """
    ),
    "deed": _each(
        """
        repair a sluice by hand, read the water at dusk, walk home along the bank, argue about the toll,
        count the swans, raise a sunken barge, draw the old line again, keep the lamps lit, listen for the
        flood, share one boat between nine families, build without a plan, leave the gate open
        """
    ),
    "quality": _each(
        """
        quiet, stubborn, unfinished, borrowed, crooked, patient, forgotten, generous, narrow, well-kept,
        rain-dark, painted, half-built, honest
        """
    ),
    "season": (
        "a dry spring",
        "the long summer",
        "an early autumn",
        "the hard winter",
        "the week of the floods",
    ),
    "number": _each(
        """
        three, four, five, six, seven, nine, eleven, twelve, fourteen, twenty
        """
    ),
    "reason": _each(
        """
        because nobody asked, since the ice came late, after the last survey, before the council could vote,
        while the town was asleep, as if the river had signed for it, whatever the timetable said
        """
    ),
}

TITLES: Final = (
    "A walk along the {river} to {place}",
    "How {place} learned to {deed}",
    "The {quality} {crossing} of {place}",
    "What a {person} knows about a {thing}",
    "{number} days on the {river}",
    "In praise of the {quality} {thing}",
    "The {person} who would not {deed}",
    "Why {place} still needs its {crossing}",
    "Notes from a {quality} {crossing}",
    "The {river} in {season}",
    "Meet the {person} of {place}",
    "A short history of the {crossing}",
)

SENTENCES: Final = (
    "The {crossing} at {place} was {quality} long before anyone wrote it down.",
    "Every {person} on the {river} tells it differently, and every version has a {thing} in it.",
    "In {season} the {river} rose by {number} hands, and the {thing} held.",
    "You reach {place} on foot, past a {quality} {thing} and a smell of tar.",
    "It took {number} people and a borrowed boat to {deed}.",
    "The {person} keeps the key to the {thing} on a nail by the door.",
    "Nobody in {place} plans to {deed}, yet it happens once a year.",
    "From the {crossing} the {river} looks slower than it is.",
    "They moved the {thing} {number} paces upstream, {reason}.",
    "A {quality} {crossing} asks little: dry stone, some tar, one {person}.",
    "The old map calls the {river} {quality}; the new one does not mention it at all.",
    "By evening the {person} had shown us how to {deed} without getting wet.",
    "There are {number} ways to cross at {place}, and the {crossing} is the worst of them.",
    "The council sold the {thing} {reason}, then bought it back at twice the price.",
    "What remains of {season} is a line of silt on the {thing}.",
)

SUMMARIES: Final = (
    "A {person}, a {thing} and the {quality} side of {place}.",
    "We spent {season} on the {river} to see who still knows how to {deed}.",
    "The {crossing} at {place} is older than its town. We asked the {person} why.",
    "What {number} neighbours did with a {thing}, {reason}.",
)

QUOTES: Final = (
    "A {crossing} is only as good as the {person} who sweeps it.",
    "I never meant to {deed}. The {river} decided.",
    "Give me a {quality} {thing} and {number} dry days.",
    "You cannot {deed} in a hurry, not at {place}.",
)

HEADINGS: Final = (
    "Towards {place}",
    "The {thing}",
    "{season}, again",
    "A word with the {person}",
    "Below the {crossing}",
)

COMMENTS: Final = (
    "My grandmother was a {person} at {place}; she would have liked this.",
    "You forgot the {thing}. Otherwise a fine piece.",
    "I crossed there in {season} and can confirm every word.",
    "Is the {crossing} open to bicycles?",
    "We tried to {deed} last year. Never again.",
    "The photograph shows the {river}, not the one in the text.",
    "More about the {person}, please.",
)

CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "Rivers": ("Upper reaches", "Estuaries", "Floods", "Wildlife"),
    "Crossings": ("Bridges", "Ferries", "Fords", "Tunnels"),
    "People": ("Portraits", "Trades", "Letters"),
    "Craft": ("Boat building", "Stonework", "Rope and sail", "Maps"),
    "Journeys": ("On foot", "By boat", "By rail"),
}

TAGS: Final = _each(
    """
    archive, boats, brick, bicycle, canal, children, engineering, evening, fish, flood, fog, food, iron,
    island, interview, labour, law, light, locks, maintenance, market, memory, music, night,
    oral-history, photography, planning, rail, rain, restoration, ruins, salt, school, stone, summer,
    surveying, timber, tolls, towpath, trade, walking, weather, winter, women, wood
    """
)

FIRST_NAMES: Final = _each(
    """
    Ines, Tobias, Maren, Oluwaseun, Lotte, Rafael, Saoirse, Jonas, Amina, Piotr, Yuki, Daniela, Emeka,
    Freya, Mateo, Hanna, Leila, Bastian, Noor, Viggo, Tamsin, Kofi, Elif, Marguerite
    """
)
LAST_NAMES: Final = _each(
    """
    Ackerby, Brandvold, Castellan, Dovrie, Eastlake, Fenwright, Garrowby, Hollander, Ilvesson, Jarrold,
    Kestelyn, Lindqvall, Moravec, Nakagata, Okonjima, Pellworth, Quistgard, Rosenlaw, Saltmarsh,
    Thorogood, Umberto, Vandersteen, Whitlock
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes with one random source; each call draws from it in order."""

    source: Random

    def fill(self, patterns: Sequence[str]) -> str:
        """One pattern with its slots filled, first letter upper case."""
        text = _SLOT.sub(lambda slot: self.source.choice(WORDS[slot[1]]), self.source.choice(patterns))
        text = re.sub(r"\b([Aa]) (?=[aeiou]|honest)", r"\1n ", text)
        return text[0].upper() + text[1:]

    def paragraph(self) -> str:
        patterns = self.source.sample(SENTENCES, self.source.randint(3, 6))
        return " ".join(self.fill((pattern,)) for pattern in patterns)

    def body(self) -> str:
        """Three to five paragraphs, about 1,500 characters, separated by blank lines."""
        return "\n\n".join(self.paragraph() for _ in range(self.source.randint(3, 5)))

    def name(self, number: int) -> str:
        """A name that stays the same for `number` and is unique up to 552."""
        first = FIRST_NAMES[number % len(FIRST_NAMES)]
        return f"{first} {LAST_NAMES[(number + number // len(FIRST_NAMES)) % len(LAST_NAMES)]}"


def slug(text: str) -> str:
    """
    >>> slug("The stone arch of Drover's End")
    'the-stone-arch-of-drovers-end'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")
