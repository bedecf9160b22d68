"""What a rebuild has yet to take in: subjects that are not folded, and what pages of records add while it is compared. Pure."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from services.indicators.ledger import Entries
from services.indicators.projection import Page
from shared.contracts.base import Subject


class Backlog:
    """Of the rebuild that this process does; empty while it does none. Each page tells it what it touched and added."""

    def __init__(self) -> None:
        self._subjects: list[Subject] | None = None
        """A heap."""
        self._waiting: set[Subject] = set()
        self._behind: list[Entries] | None = None

    def begin_folding(self, subjects: Iterable[Subject]) -> None:
        """Subjects yet to be folded. From now on pages tell of others."""
        self._waiting = set(subjects)
        self._subjects = list(self._waiting)
        heapify(self._subjects)

    @property
    def folding(self) -> bool:
        """Whether it holds the subjects yet to be folded; not once memory was read anew."""
        return self._subjects is not None

    def __len__(self) -> int:
        return len(self._waiting)

    def next(self) -> Subject | None:
        """The subject to be folded next, in code-point order; None when there is none left."""
        if not self._subjects:
            return None
        subject = heappop(self._subjects)
        self._waiting.remove(subject)
        return subject

    def begin_comparing(self) -> None:
        """All subjects are folded. From now on what pages add is kept."""
        self.read_anew()
        self._behind = []

    def behind(self) -> list[Entries] | None:
        """What pages have added since comparing began or this was asked last; None once memory was read anew."""
        found = self._behind
        if found is not None:
            self._behind = []
        return found

    def taken(self, page: Page) -> None:
        """A page was taken in."""
        if self._subjects is not None:
            for subject in page.subjects:
                if subject > page.folded and subject not in self._waiting:
                    self._waiting.add(subject)
                    heappush(self._subjects, subject)
        if self._behind is not None:
            self._behind.append(page.built)

    def read_anew(self) -> None:
        """Memory was read anew: what pages added meanwhile, nobody has told."""
        self._subjects, self._waiting, self._behind = None, set(), None
