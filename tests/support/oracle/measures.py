"""Environment (plan 二(四)) and measures with numbers (plan 四): surveys, green channels, loans, venues."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from shared.contracts.registry import (
    GreenChannelCaseAccepted,
    GreenChannelCaseCompleted,
    GreenChannelClosed,
    GreenChannelOpened,
    PolicyImplementationChecked,
    VenueClosed,
    VenueOpened,
    VenueResized,
)  # fmt: skip
from shared.contracts.training import Score, SurveyAnswered, SurveyClosed, SurveyOpened
from shared.units import UNIT_KINDS, unit_kind
from tests.support.oracle.facts import Dated
from tests.support.oracle.figure import Figure, Variants, count, share
from tests.support.oracle.once import once
from tests.support.oracle.units import place_of
from tests.support.oracle.world import Sorted, World


def margin(satisfied: int, answers: int) -> Decimal | None:
    """1.96·√(p(1−p)/n), to 6 places, half up; None without answers."""
    if not answers:
        return None
    plenty = Context(prec=60)
    under_root = plenty.divide(Decimal(satisfied * (answers - satisfied)), Decimal(answers**3))
    exact = plenty.multiply(Decimal("1.96"), plenty.sqrt(under_root))
    return exact.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)


@once
def latest_public_survey(world: World) -> str | None:
    """The latest public survey closed ≤ E; of two closed on one day the one whose closing has the higher position."""
    public = {dated.fact.survey for dated in world.ever(SurveyOpened) if dated.fact.population == "public"}
    closed = [(dated.occurred, dated.position, dated.fact.survey) for dated in world.of(SurveyClosed) if dated.fact.survey in public]
    return max(closed)[2] if closed else None


def answers_to(world: World, unit: str, question: str) -> list[tuple[Score, str | None]]:
    """The scores for a question in the latest public survey, each with its respondent's group; latest answer per respondent (its natural
    key sees to that). An answer counts at its own unit and park; the county takes all answers, those without a place too.
    """
    survey = latest_public_survey(world)
    return [
        (score, dated.fact.group)
        for dated in (world.of(SurveyAnswered) if unit_kind(unit) == "county" else world.at(unit, SurveyAnswered))
        if dated.fact.survey == survey
        for score in dated.fact.scores
        if score.question == question
    ]  # fmt: skip


def satisfied_share(scores: list[Score]) -> Figure:
    """Satisfied (≥ 4 of 5) ÷ valid answers, with its margin."""
    satisfied = sum(1 for score in scores if score.score >= 4)
    return replace(share(satisfied, len(scores), n=len(scores)), margin=margin(satisfied, len(scores)))


def satisfied_with(world: World, unit: str, question: str) -> Figure:
    """Satisfaction with a question as a whole. Before any survey is closed there is nothing to count."""
    if latest_public_survey(world) is None:
        return Figure(None, None, None, n=0, awaited=True)
    return satisfied_share([score for score, _ in answers_to(world, unit, question) if score.service is None])


def environment_satisfaction(world: World, unit: str) -> Variants:
    """Overall question of the latest public survey closed ≤ E: satisfied (≥ 4 of 5) ÷ valid answers; margin = 1.96·√(p(1−p)/n).

    `by_group`: a part for each group of respondents that named itself.
    """
    rows: Variants = {("default", None): satisfied_with(world, unit, "overall")}
    answers = answers_to(world, unit, "overall")
    for group in {group for _, group in answers if group is not None}:
        rows["by_group", group] = satisfied_share([score for score, own in answers if own == group])
    return rows


def service_satisfaction(world: World, unit: str) -> Variants:
    """The same for the service question as a whole. `by_service`: a part for each service that answers name."""
    rows: Variants = {("default", None): satisfied_with(world, unit, "service")}
    scores = [score for score, _ in answers_to(world, unit, "service")]
    for service in {score.service for score in scores if score.service is not None}:
        rows["by_service", service] = satisfied_share([score for score in scores if score.service == service])
    return rows


def start_up_cost(world: World, unit: str) -> Variants:
    """Mean start-up cost over entities registered in the window that state one, fen; those that state none are counted.

    `days`: mean calendar days from case accepted to completed, cases completed in the window. `satisfied_with_cost`: survey share.
    """
    here = [entity.opened.fact for entity in world.registered.at(unit) if world.in_year(entity.registered)]
    stated = [fact.start_up_cost_fen for fact in here if fact.start_up_cost_fen is not None]
    days = case_days(world, unit)
    return {
        ("default", None): share(sum(stated), len(stated), incomplete=len(here) - len(stated)),
        ("days", None): share(sum(days), len(days)),
        ("satisfied_with_cost", None): satisfied_with(world, unit, "cost"),
    }


def policy_completeness(world: World, unit: str) -> Variants:
    """Checklist points ÷ points possible, latest check per item; for the county alone. `survey`: the policy question."""
    rows: Variants = {("survey", None): satisfied_with(world, unit, "policy")}
    if unit_kind(unit) == "county":
        latest = {dated.fact.item: dated.fact for dated in world.of(PolicyImplementationChecked)}
        rows["default", None] = share(sum(fact.points for fact in latest.values()), sum(fact.possible for fact in latest.values()))
    return rows


@once
def _new_area(world: World) -> Sorted[tuple[int, int]]:
    """Of every incubator, start-up park and street open at E, what the venues opened in the window add, and what the others gained."""
    opened = {
        dated.fact.venue: dated
        for dated in world.of(VenueOpened)
        if dated.fact.venue_kind in {"incubator", "start_up_park", "start_up_street"}
    }
    around_of = {dated.fact.venue: dated.fact.within for dated in world.ever(VenueOpened)}
    closed = {
        dated.fact.venue for dated in world.of(VenueClosed)
        if dated.fact.venue in opened and dated.occurred >= opened[dated.fact.venue].occurred
    }  # fmt: skip
    standing = {venue: dated for venue, dated in opened.items() if venue not in closed}

    def surrounding(venue: str) -> set[str]:
        found: set[str] = set()
        around = around_of[venue]
        while around is not None and around != venue and around not in found:
            found.add(around)
            around = around_of.get(around)
        return found

    def area_on(dated: Dated[VenueOpened], day: date) -> int:
        sizes = [each for each in world.of(VenueResized) if each.fact.venue == dated.fact.venue and dated.occurred <= each.occurred <= day]
        return sizes[-1].fact.area_m2 if sizes else dated.fact.area_m2

    recent = {venue for venue, dated in standing.items() if world.in_year(dated.occurred)}

    def areas(venue: str, dated: Dated[VenueOpened]) -> tuple[int, int]:
        if venue in recent:
            return 0 if surrounding(venue) & recent else area_on(dated, world.day), 0
        grown = area_on(dated, world.day) - area_on(dated, world.new_year - timedelta(days=1))
        return 0, 0 if surrounding(venue) & standing.keys() else grown

    return Sorted((areas(venue, dated), world.units.where(place_of(dated.fact))) for venue, dated in standing.items())


def new_venue_area(world: World, unit: str) -> Variants:
    """Present m² of incubators, start-up parks and streets opened in the window and open at E; one that lies within another of these
    (at any depth) adds nothing. `with_enlargements`: plus what those opened before the window and open at E gained in it, less what they
    lost; one that lies within any other open one adds nothing.
    """
    new = sum(new for new, _ in _new_area(world).at(unit))
    gained = sum(gained for _, gained in _new_area(world).at(unit))
    return {("default", None): count(new), ("with_enlargements", None): count(new + gained)}


@once
def cases_completed(world: World) -> dict[str, date]:
    """The day on which each green-channel case was completed."""
    return {dated.fact.case: dated.occurred for dated in world.of(GreenChannelCaseCompleted)}


def case_days(world: World, unit: str) -> list[int]:
    """Calendar days from accepted to completed, over the green-channel cases completed in the window."""
    completed = cases_completed(world)
    return [
        (completed[dated.fact.case] - dated.occurred).days
        for dated in world.ever_at(unit, GreenChannelCaseAccepted)
        if dated.fact.case in completed and world.in_year(completed[dated.fact.case])
    ]  # fmt: skip


def nearest_rank(days: list[int], percent: int) -> Figure:
    """The value of rank ⌈p·n⌉ of n; None of nothing."""
    if not days:
        return Figure(None, None, None, n=0)
    rank = -(-percent * len(days) // 100)
    value = Fraction(sorted(days)[rank - 1])
    return Figure(value, None, value, n=len(days))


def green_channel_on_time(world: World, unit: str) -> Variants:
    """Cases whose promised day lies in the window up to E: share completed by it (an unfinished case is late).

    `days`: calendar days from accepted to completed, over the cases completed in the window, parts `median` and `p90` (nearest rank).
    `units`: existing ones with a green channel open at E; a channel is of the unit it names, else of its park, or of who succeeded them.
    A case counts where it was accepted.
    """
    completed = cases_completed(world)
    promised = [dated.fact for dated in world.ever_at(unit, GreenChannelCaseAccepted) if world.in_year(dated.fact.promised)]
    on_time = [fact for fact in promised if fact.case in completed and completed[fact.case] <= fact.promised]
    days = case_days(world, unit)

    shut = {dated.fact.channel for dated in world.of(GreenChannelClosed)}
    with_channel = {
        world.units.lowest_answering(place_of(dated.fact)) for dated in world.at(unit, GreenChannelOpened) if dated.fact.channel not in shut
    }
    return {
        ("default", None): share(len(on_time), len(promised)),
        ("days", "median"): nearest_rank(days, 50),
        ("days", "p90"): nearest_rank(days, 90),
        ("units", None): count(len(with_channel.intersection(world.units.existing(world.units.county, *UNIT_KINDS)))),
    }


def loans(world: World, unit: str) -> Variants:
    """Personal start-up loans with first disbursement in the window, 人次 (tranches once, each co-borrower once). `persons`: distinct.
    `amount`: all dated disbursements in the window of personal loans, fen. `enterprise`: loans to enterprises likewise, each once.

    A tranche reported without its day is in none of them, and leaves each row of its kind of loan incomplete.
    """
    here = world.loans.at(unit)
    begun = [loan for loan in here if (first := loan.first_disbursement()) is not None and world.in_year(first.occurred)]
    personal = [loan for loan in begun if loan.personal]
    rows = {
        "default": sum(len(loan.applied.borrowers) for loan in personal),
        "persons": len({person for loan in personal for person in loan.applied.borrowers}),
        "amount": sum(fen for loan in here if loan.personal for day, _, fen, _ in loan.disbursed if world.in_year(day)),
        "enterprise": len([loan for loan in begun if not loan.personal]),
    }
    undated = {
        variant: [day for loan in here if loan.personal is (variant != "enterprise") for day in loan.undated() if world.in_year(day)]
        for variant in rows
    }
    return {(variant, None): replace(count(number), incomplete=len(undated[variant])) for variant, number in rows.items()}


def loan_recovery(world: World, unit: str) -> Variants:
    """Σ over instalments due ≤ E of min(repaid, due) ÷ Σ due; 代偿 is not repayment. Both kinds of loan count.

    `overdue`: principal due and neither repaid, compensated nor written off ÷ balance. `compensated`: paid in the year ÷ balance.
    Balance = disbursed − principal repaid − compensated − written off, at E: incomplete by the tranches without a day of loans not settled.
    """
    here = world.loans.at(unit)
    balance = sum(loan.balance() for loan in here)
    undated = sum(len(loan.undated()) for loan in here if not loan.settled)
    return {
        ("default", None): share(
            sum(loan.principal_due_and_repaid(world.day) for loan in here), sum(loan.principal_due(world.day) for loan in here)
        ),
        ("overdue", None): share(sum(loan.overdue(world.day) for loan in here), balance, incomplete=undated),
        ("compensated", None): share(sum(loan.compensated(world.new_year) for loan in here), balance, incomplete=undated),
    }


@once
def open_venues(world: World, kind: str) -> Sorted[int]:
    """The venues of a kind open at E, by the area that counts (m²): as last resized, and 0 for one that lies within another of them.

    What lies within a venue within a third lies within the third. Facts dated before the opening are ignored. Incubators are those in a
    park only.
    """
    opened = {dated.fact.venue: dated for dated in world.of(VenueOpened)}
    around_of = {dated.fact.venue: dated.fact.within for dated in world.ever(VenueOpened)}
    areas = {venue: dated.fact.area_m2 for venue, dated in opened.items()}
    for resized in world.of(VenueResized):
        if resized.fact.venue in opened and resized.occurred >= opened[resized.fact.venue].occurred:
            areas[resized.fact.venue] = resized.fact.area_m2
    closed = {
        dated.fact.venue
        for dated in world.of(VenueClosed)
        if dated.fact.venue in opened and dated.occurred >= opened[dated.fact.venue].occurred
    }
    standing = {
        venue: dated.fact
        for venue, dated in opened.items()
        if venue not in closed and dated.fact.venue_kind == kind and (kind != "incubator" or dated.fact.park is not None)
    }

    def within_another(venue: str) -> bool:
        seen = {venue}
        around = around_of[venue]
        while around is not None and around not in seen:
            if around in standing:
                return True
            seen.add(around)
            around = around_of.get(around)
        return False

    return Sorted(
        (0 if within_another(venue) else areas[venue], world.units.where(place_of(fact))) for venue, fact in standing.items()
    )  # fmt: skip


def area(world: World, unit: str, kind: str) -> int:
    """Σ m² of the open venues of a kind that count for the unit."""
    return sum(open_venues(world, kind).at(unit))


def incubator_area(world: World, unit: str) -> Variants:
    """m² of incubators open in the parks at E. `each`: the smallest park's, over the parks existing at E; for the county alone."""
    rows: Variants = {("default", None): count(area(world, unit, "incubator"))}
    if unit_kind(unit) == "county":
        areas = [area(world, park, "incubator") for park in world.units.existing(unit, "park")]
        rows["each", None] = count(min(areas)) if areas else Figure(None, None, None)
    return rows


def parks_with_incubator(world: World, unit: str) -> Variants:
    """Parks that have one: existing parks with an incubator area of at least 1 m²."""
    return {("default", None): count(len([park for park in world.units.existing(unit, "park") if area(world, park, "incubator") > 0]))}


def start_up_park_area(world: World, unit: str) -> Variants:
    """m² of start-up parks open at E, in a park or not; nested area once, as everywhere."""
    return {("default", None): count(area(world, unit, "start_up_park"))}


def published(world: World, unit: str, series: str, *, cumulative: bool) -> Figure:
    """A statistic as it stands: what the ratios over it divide by."""
    statistic = world.statistic(series, unit, cumulative=cumulative)
    if statistic is None:
        return Figure(None, None, None, note=f"{series} not published")
    value = Fraction(statistic.value)
    return Figure(value, None, value, period_end=statistic.period_end)


def urban_workers(world: World, unit: str) -> Variants:
    """The series `urban_workers` (a stock)."""
    return {("default", None): published(world, unit, "urban_workers", cumulative=False)}


def new_employment(world: World, unit: str) -> Variants:
    """The series `new_employment` (cumulative from 1 January: P lies in E's calendar year)."""
    return {("default", None): published(world, unit, "new_employment", cumulative=True)}
