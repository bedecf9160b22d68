"""The rebuild as it is told and commanded: what is derived anew from all facts, how far it has come, and what became of it."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.indicators.answers import BadQuestionError
from services.indicators.catalog import CATALOG, indicator, measures_in
from services.indicators.live import Live
from services.indicators.rebuild import Progress, Rebuilder
from services.indicators.versions import Difference, NothingToCancel, RebuildUnderWay, Stage


class RebuildCommand(BaseModel):
    """What to do: begin to rebuild an indicator's measures, or all; cancel; forget the versions that have retired."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    action: Literal["begin", "cancel", "forget"] = Field(description="开始、取消、清除旧版 / what to do")
    indicator: str | None = Field(default=None, description="指标，缺省为全部 / the indicator to rebuild; omitted: all of them")


class Rebuilding(BaseModel):
    """The rebuild under way, or what became of the last one. `switched`: it serves; `disagrees`: nothing was switched."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    county: str
    number: int = Field(description="第几次重算，0 为从未 / which rebuild; 0: there never was one")
    stage: Stage
    indicators: list[str] = Field(description="所涉指标 / the indicators it concerns")
    measures: list[str] = Field(description="所重算的量 / what it derives anew")
    progress: Progress | None = Field(
        description="本阶段的主体数或日期对数 / of this stage: subjects folded, or pairs of days compared; null: none, or elsewhere"
    )
    compared: int | None = Field(
        description="启用前与第二引擎核对的（截至日，已知日）对数 / at so many (as of, known at) pairs it agreed before it was "
        "switched; null: not switched, or not since this process started"
    )  # fmt: skip
    unbuilt: list[str] = Field(description="其间没有数值的量 / what has no figures meanwhile, because its definition is another now")
    being_rebuilt: list[str] = Field(
        description="定义已变、新数尚未启用的量 / whose definition is another now and not served yet: what has no figures, and what is "
        "answered by the previous one"
    )  # fmt: skip
    retired: int = Field(description="保留的旧版数 / versions kept for the evaluations that name them")
    difference: Difference | None


class Rebuilds:
    """Answers about the rebuild, and takes commands."""

    def __init__(self, live: Live, rebuilder: Rebuilder) -> None:
        self._live = live
        self._rebuilder = rebuilder

    def status(self) -> Rebuilding:
        """How it stands."""
        versions, rebuild, snapshot = self._live.versions, self._live.versions.rebuild, self._live.snapshot()
        return Rebuilding(
            county=self._live.plan.county, number=rebuild.number, stage=rebuild.stage, indicators=_indicators(rebuild.measures),
            measures=list(rebuild.measures), progress=self._rebuilder.progress(), compared=self._rebuilder.compared(),
            unbuilt=sorted(snapshot.unbuilt),
            being_rebuilt=sorted(snapshot.being_rebuilt), retired=sum(1 for _ in versions.in_state("retired")),
            difference=rebuild.difference,
        )  # fmt: skip

    async def command(self, command: RebuildCommand) -> Rebuilding:
        """Do what is told, and say how it stands then. Raises BadQuestionError when it cannot be done."""
        try:
            match command.action:
                case "begin":
                    await self._rebuilder.begin(_measures(command.indicator))
                case "cancel":
                    await self._rebuilder.cancel()
                case "forget":
                    await self._rebuilder.forget()
        except RebuildUnderWay:
            raise BadQuestionError("rebuild_under_way", "已有重算在进行", "a rebuild is under way already") from None
        except NothingToCancel:
            raise BadQuestionError("no_rebuild", "没有可取消的重算", "there is no rebuild to cancel") from None
        return self.status()


def _measures(id: str | None) -> frozenset[str] | None:
    if id is None:
        return None
    try:
        return frozenset(measure.name for measure in measures_in(indicator(id).variants))
    except KeyError:
        raise BadQuestionError("unknown_indicator", f"没有这个指标：{id}", f"there is no indicator {id}") from None


def _indicators(measures: Iterable[str]) -> list[str]:
    concerned = set(measures)
    return [each.id for each in CATALOG if any(measure.name in concerned for measure in measures_in(each.variants))]
