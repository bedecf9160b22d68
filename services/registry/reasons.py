"""Reasons that several aggregates give. The others stand beside the rule that gives them."""

from datetime import date

from shared.contracts.base import Fact, about_of
from shared.contracts.outcomes import Accept, Decision, Reason, Refuse, Wait

NOT_OPENED_YET = Reason("not_opened_yet", "所涉对象尚未登记，待登记后处理", "what this fact is about is not recorded yet")


def not_opened_yet(fact: Fact) -> Wait:
    """Nothing has brought the thing this fact is about into being."""
    return needs_earlier(fact, NOT_OPENED_YET)


def needs_earlier(fact: Fact, reason: Reason) -> Wait:
    """Something about the same thing must have happened on or before this day and has not arrived: decided again when more does."""
    return Wait(frozenset({about_of(fact)}), reason)


def before_its_beginning(began: date) -> Reason:
    """A thing cannot change or end before the day it began."""
    return Reason("before_its_beginning", f"日期早于其登记（启用）日期 {began}", f"dated before the day it began, {began}")


def begins_after_its_end(ended: date) -> Reason:
    """A beginning is corrected, or reported anew after a void, to a day behind the end that is on record."""
    return Reason("begins_after_its_end", f"日期晚于已记录的终止日期 {ended}", f"dated after its end, which is recorded for {ended}")


def beginning(day: date, ended: date | None) -> Decision:
    """Rule on the day of a beginning, the end being on record perhaps (from before a void, or while the beginning is corrected)."""
    return Refuse(begins_after_its_end(ended)) if ended is not None and ended < day else Accept()


def ending(began: date, day: date) -> Decision:
    """Rule on the day of an end."""
    return Refuse(before_its_beginning(began)) if day < began else Accept()


def after_its_end(ended: date) -> Reason:
    """A flag: something is said to have happened to a thing after the day it ended."""
    return Reason("after_its_end", f"日期晚于其终止日期 {ended}", f"dated after the day it ended, {ended}")
