"""Facts about credit communities (信用社区, plan 四(七))."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from shared.contracts.base import AnyUnitCode, Fact, Fen
from shared.contracts.exact import NUMBER


class AboutCommunity(Fact):
    """A fact about the community or village named by `code`; it counts there, so `unit` and `park` stay empty."""

    about = "code"
    code: AnyUnitCode

    def model_post_init(self, _context: Any, /) -> None:
        """Raise ValueError when a second place is named beside `code`."""
        if self.unit is not None or self.park is not None:
            raise ValueError("name the community by `code` alone / 社区（村）只填写在 code 中，unit、park 留空")


class CreditCommunityRated(AboutCommunity):
    """信用社区评定: a community or village is rated by its lending and recovery; a rating holds for 12 months (plan 四(七))."""

    type = "finance.credit_community_rated"
    natural_key = ("code", "occurred")
    zh = "信用社区评定"
    example = {"code": "330127101003", "lending_fen": 38000000, "recovery_rate": "0.972"}

    lending_fen: Fen
    recovery_rate: Annotated[Decimal, Field(ge=0, le=1, max_digits=7, decimal_places=6), NUMBER]
    """Share of the principal due that was repaid, 0 to 1."""


class CreditRatingLapsed(AboutCommunity):
    """信用社区资格终止: the rating is taken back before its 12 months are over."""

    type = "finance.credit_rating_lapsed"
    natural_key = ("code", "occurred")
    zh = "信用社区资格终止"
    example = {"code": "330127101003"}
