"""One header being read: where each fact came from, what was guessed, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from photdb.ingest.cards import Cards
from photdb.ingest.telescope import CardUse, Quantity, Telescope

T = TypeVar("T")


class Fact(NamedTuple):
    """One field that was understood: its value and the card (or file) that says it."""

    field: str
    value: object
    origin: str


class Reading:
    """Cards and a telescope file on the way to a `FrameHeader`; keeps the facts, guesses and problems."""

    __slots__ = ("bitpix", "cards", "facts", "guesses", "problems", "telescope")

    def __init__(self, cards: Cards, telescope: Telescope, bitpix: int) -> None:
        self.cards = cards
        self.telescope = telescope
        self.bitpix = bitpix
        self.facts: list[Fact] = []
        self.guesses: list[str] = []
        self.problems: list[str] = []

    def found(self, field: str, value: T, origin: str) -> T:
        """Note where a value came from, and return it."""
        self.facts.append(Fact(field, value, origin))
        return value

    def guess(self, field: str, sentence: str) -> None:
        """Note what was assumed or disregarded."""
        self.guesses.append(f"{field}: {sentence}")

    def is_guess(self, field: str) -> bool:
        """Tell whether something was assumed for a field."""
        return any(guess.startswith(f"{field}:") for guess in self.guesses)

    def problem(self, sentence: str) -> None:
        """Note why this cannot be a science frame."""
        self.problems.append(sentence)

    def quantity(
        self, field: str, rule: Quantity, *, low: float = float("-inf"), high: float = float("inf")
    ) -> float | None:
        """Return a number by its rule: the first card whose value counts, else the literal value.

        A card outside `low` to `high` (a gain of 0, an airmass of -1) does not count, and a guess says so.
        """
        for use in rule.cards:
            value = self.cards.number(use.card)
            if value is not None and self._counts(field, use, value, low, high):
                sure = use.sure_comments is not None and use.sure_comments.match(self.cards.comment(use.card))
                if use.guess and not sure:
                    self.guess(field, use.guess)
                return self.found(field, value * rule.factor, use.card)
        if rule.value is None:
            return None
        if rule.guess:
            self.guess(field, rule.guess)
        return self.found(field, rule.value * rule.factor, "telescope file")

    def _counts(self, field: str, use: CardUse, value: float, low: float, high: float) -> bool:
        lowest = low if use.low is None else max(low, use.low)
        highest = high if use.high is None else min(high, use.high)
        if use.unless is not None and use.unless.holds(self.cards):
            said = ", ".join(
                f"{c} = {self.cards.text(c)!r}" for c in use.unless.cards() if self.cards.get(c) is not None
            )
            self.guess(field, f"{use.card} = {value:g} is disregarded beside {said}")
            return False
        if use.wrong_comments is not None and use.wrong_comments.match(comment := self.cards.comment(use.card)):
            self.guess(field, f"{use.card} = {value:g} is disregarded: {comment!r}")
            return False
        if not lowest <= value <= highest:
            self.guess(field, f"{use.card} = {value:g} is not a possible value and is disregarded")
            return False
        return True


def listed(cards: Sequence[str], most: int = 4) -> str:
    """Return the names of the first cards that were looked for."""
    return ", ".join(cards[:most]) + (", ..." if len(cards) > most else "")
