"""What is asked again and again of the same thing is found out once, and kept with it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

S = TypeVar("S")
P = ParamSpec("P")
T = TypeVar("T")


def once(find: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Something about a thing that never changes, found out once for each question (the other arguments, in the same order)."""

    @wraps(find)
    def found(thing: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        known: dict[Any, T] = vars(thing).setdefault("found", {})
        question = find, args, *kwargs.items()
        if question not in known:
            known[question] = find(thing, *args, **kwargs)
        return known[question]

    return found
