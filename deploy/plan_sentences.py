"""The plan's own text (plan.txt of a county's folder), sentence by sentence, and what answers for each.

Most sentences are answered for by declarations that quote them: an indicator, a target, a duty. The others stand in sentences.toml, each
with what answers for it or the reason why nothing has to. Words are matched without regard to spaces and to full or half width, and
only within the clause that the quoting side names.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from pydantic import BaseModel, ConfigDict

from services.indicators.evaluation.plan import Clause, Plan, Words, windows_of
from services.indicators.figures import Indicator

CHAPTER, SECTION, ITEM = re.compile(r"([一二三四五六七八九十])、"), re.compile(r"\(([一二三四五六七八九十]+)\)"), re.compile(r"([0-9]+)\.")
"""一、 二、 … are chapters, （一） sections, 1. items."""
NUMBER = re.compile(r"[0-9]+")
PREAMBLE: Final = "序"
"""The clause of what stands before the first chapter."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as written, in its clause (三(一)2). A heading only names what follows it."""

    clause: str
    text: str
    heading: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the plan by their clause, and who answers for them: see `names_of`."""

    name: str
    clause: str
    text: str


class Noted(BaseModel):
    """One entry of sentences.toml: words of a sentence and its clause, and what answers for it (`by`: see `names_of`) or why nothing has to
    (`why`, in Chinese and English).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    clause: Clause
    quote: Words
    by: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A sentence, who quotes it, what is noted about it, and its numbers that stand in no such words."""

    sentence: Sentence
    quotes: tuple[Quote, ...]
    noted: tuple[Noted, ...]
    open_numbers: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether nothing answers for it, or not for every number in it, and no reason says why nothing has to."""
        if self.sentence.heading or any(noted.why for noted in self.noted):
            return False
        return bool(self.open_numbers) or not (self.quotes or self.noted)


@dataclass(frozen=True, slots=True)
class Place:
    """Where words stand: characters `first` to before `last` of a sentence's own words, normalised."""

    sentence: Sentence
    first: int
    last: int


def normalised(text: str) -> str:
    """For matching: without spaces, in half width, with one kind of quotation mark."""
    return re.sub(r"[“”]", '"', re.sub(r"\s", "", normalize("NFKC", text)))


def sentences_of(text: str) -> tuple[Sentence, ...]:
    """The sentences, ended by 。 or ；, of a plan whose every line is a paragraph; in order."""
    found: list[Sentence] = []
    paragraphs = [paragraph for line in text.splitlines() if (paragraph := line.strip())]
    places = list(_places(paragraphs))
    for paragraph, place, following in zip(paragraphs, places, [*places[1:], ()], strict=True):
        for index, piece in enumerate(re.findall(r"[^。；]+[。；]?", paragraph)):
            goes_on = piece != paragraph or following[: len(place)] == place
            found.append(Sentence(_clause(place), piece, index == 0 and goes_on and _is_heading(piece)))
    return tuple(found)


def _places(paragraphs: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The numbers of the chapter, section and item that each paragraph belongs to: its own, else those of the one before."""
    place: tuple[str, ...] = ()
    for paragraph in paragraphs:
        for depth, pattern in enumerate((CHAPTER, SECTION, ITEM)):
            if match := pattern.match(normalised(paragraph)):
                place = (*place[:depth], match[1])
                break
        yield place


def _clause(place: Sequence[str]) -> str:
    chapter, section, item = [*place, "", "", ""][:3]
    return chapter + (f"({section})" if section else "") + item or PREAMBLE


def _is_heading(piece: str) -> bool:
    """A numbered title says nothing of its own, neither by a colon nor by a number."""
    words = normalised(piece)
    start = _after_number(words)
    return start > 0 and re.search(r"[0-9:]", words[start:]) is None


def _after_number(words: str) -> int:
    """Where the words begin that follow a paragraph's own number, 0 where it has none."""
    return next((match.end() for pattern in (CHAPTER, SECTION, ITEM) if (match := pattern.match(words))), 0)


def quotes_of(catalogue: Iterable[Indicator], plan: Plan) -> Iterator[Quote]:
    """All that indicators, targets and duties quote from the plan."""
    for indicator in catalogue:
        yield Quote(f"indicator:{indicator.id}", indicator.clause, indicator.quote)
    for target in plan.targets:
        yield Quote(f"target:{target.indicator}.{target.variant}", target.clause, target.quote)
    for duty in plan.duties:
        yield Quote(f"duty:{duty.id}", duty.clause, duty.quote)


def names_of(catalogue: Iterable[Indicator], plan: Plan) -> Iterator[str]:
    """All that can answer for a sentence: indicators, their variants, targets, duties, phases and windows, as `kind:name`."""
    for indicator in catalogue:
        yield f"indicator:{indicator.id}"
        yield from (f"indicator:{indicator.id}.{variant.name}" for variant in indicator.variants)
    yield from (f"target:{target.indicator}.{target.variant}" for target in plan.targets)
    yield from (f"duty:{duty.id}" for duty in plan.duties)
    yield from (f"phase:{phase.name}" for phase in plan.phases)
    yield from (f"window:{name}" for name in windows_of(plan))


def noted_in(text: str) -> tuple[Noted, ...]:
    """The entries of sentences.toml. Raises KeyError, ValueError (not TOML, not an entry)."""
    return tuple(map(Noted.model_validate, tomllib.loads(text)["sentences"]))


def answer(sentences: Sequence[Sentence], quotes: Iterable[Quote], noted: Iterable[Noted]) -> tuple[Answered, ...]:
    """Every sentence with all that answers for it."""
    quoted = [(quote, places_of(sentences, quote.clause, quote.text)) for quote in quotes]
    entries = [(entry, places_of(sentences, entry.clause, entry.quote)) for entry in noted]
    found = []
    for sentence in sentences:
        places = [place for _, of_one in (*quoted, *entries) for place in of_one if place.sentence == sentence]
        found.append(Answered(
            sentence,
            tuple(quote for quote, of_one in quoted if any(place.sentence == sentence for place in of_one)),
            tuple(entry for entry, of_one in entries if any(place.sentence == sentence for place in of_one)),
            tuple(_open_numbers(sentence, places)),
        ))  # fmt: skip
    return tuple(found)


def _open_numbers(sentence: Sentence, places: Iterable[Place]) -> Iterator[str]:
    covered = {at for place in places for at in range(place.first, place.last)}
    words = normalised(sentence.text)
    for number in NUMBER.finditer(words, _after_number(words)):
        if not covered.issuperset(range(*number.span())):
            yield number[0]


def places_of(sentences: Sequence[Sentence], clause: str, quote: str) -> tuple[Place, ...]:
    """Where in a clause, and what lies below it, words stand, over one sentence or several; nowhere when they do not stand there."""
    within = [sentence for sentence in sentences if sentence.clause.startswith(clause)]
    texts = [normalised(sentence.text) for sentence in within]
    first = "".join(texts).find(normalised(quote))
    if first < 0:
        return ()
    last, start, found = first + len(normalised(quote)), 0, []
    for sentence, text in zip(within, texts, strict=True):
        end = start + len(text)
        if first < end and start < last:
            found.append(Place(sentence, max(first, start) - start, min(last, end) - start))
        start = end
    return tuple(found)
