"""Entity codes that stand for the same entity (换码): everything is ruled on in the history of its oldest code. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.base import Subject, about_of, subject_of
from shared.contracts.registry import EntityCodeReplaced
from shared.rules import Rules, State
from shared.write_service.history import Evolve, History, Told, standing


class Aliases:
    """The replaced codes a store knows, and the oldest code of each."""

    def __init__(self, oldest: Mapping[str, str]) -> None:
        self._oldest = dict(oldest)
        self._groups: dict[str, set[str]] = {}
        for code, old in self._oldest.items():
            self._groups.setdefault(old, {old}).add(code)

    def canonical(self, subject: Subject) -> Subject:
        """The subject in whose history facts about this one belong."""
        if not self._oldest or not subject.startswith("entity:"):
            return subject
        oldest = self._oldest.get(subject[len("entity:") :])
        return subject if oldest is None else subject_of("entity", oldest)

    def group(self, subject: Subject) -> frozenset[Subject]:
        """Every subject whose facts belong to the same history, this one among them."""
        code = subject[len("entity:") :] if subject.startswith("entity:") else ""
        if code not in self._oldest and code not in self._groups:
            return frozenset((subject,))
        codes = self._groups.get(self._oldest.get(code, code), {code})
        return frozenset(subject_of("entity", member) for member in codes)

    def take(self, changed: Mapping[str, str]) -> None:
        """Codes and their oldest ones from now on; a code that is its own oldest is no alias any more."""
        for code, old in changed.items():
            if code in self._oldest:
                self._groups[self._oldest.pop(code)].discard(code)
            if code != old:
                self._oldest[code] = old
                self._groups.setdefault(old, {old}).add(code)


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What a replaced code, or the void of one, does to the histories of the codes concerned."""

    oldest: Mapping[str, str]
    histories: Mapping[Subject, History[object]]


def regrouped(subjects: Iterable[Subject], told: Sequence[Told], rules: Rules[State]) -> Regrouped:
    """All facts about some entities, whole groups of codes, distributed anew to one history per entity. Raises whatever `evolve` raises."""
    codes = [subject.partition(":")[2] for subject in subjects]
    oldest = {code: code for code in codes} | _oldest_codes(_replacements(told))
    told_of: dict[Subject, list[Told]] = {subject_of("entity", code): [] for code in codes}  # now empty where a code is replaced
    for fact in told:
        told_of[subject_of("entity", oldest[about_of(fact.fact).partition(":")[2]])].append(fact)
    evolve: Evolve[object] = rules.evolve  # type: ignore[assignment]
    return Regrouped(oldest, {subject: History.of(rules.initial(subject), evolve, facts) for subject, facts in told_of.items()})


def _replacements(told: Iterable[Told]) -> list[tuple[str, str]]:
    """(old, new) of the effective replacements, in the order of the history."""
    groups: dict[str, list[Told]] = {}
    for fact in sorted(told, key=lambda fact: fact.position):
        if isinstance(fact.fact, EntityCodeReplaced):
            groups.setdefault(fact.natural, []).append(fact)
    ordered = sorted(filter(None, map(standing, groups.values())), key=lambda fact: fact.order)
    return [(fact.fact.entity, fact.fact.new_code) for fact in ordered if isinstance(fact.fact, EntityCodeReplaced)]


def _oldest_codes(replacements: list[tuple[str, str]]) -> dict[str, str]:
    """Of codes that stand for one entity, the one that replaced none (the first named, where several or none did)."""
    groups: dict[str, list[str]] = {}
    for old, new in replacements:
        both = [*groups.get(old, [old]), *(code for code in groups.get(new, [new]) if code not in groups.get(old, [old]))]
        groups.update(dict.fromkeys(both, both))
    newer = {new for _, new in replacements}
    return {code: next((member for member in group if member not in newer), group[0]) for code, group in groups.items()}
