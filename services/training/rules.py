"""The training service's rules: which aggregate rules on which fact. A new fact fails the type check here until it has a rule."""

from datetime import date
from typing import Annotated, assert_never, cast

from pydantic import Discriminator, TypeAdapter

from services.training import course, guidance, internship, survey
from services.training.course import ClosedCourse, CourseState, NoCourse, OpenCourse
from services.training.guidance import Guided
from services.training.internship import CompletedInternship, InternshipState, NoInternship, RunningInternship
from services.training.survey import ClosedSurvey, NoSurvey, OpenSurvey, SurveyState
from shared.contracts.base import Fact, Subject
from shared.contracts.outcomes import Decision
from shared.contracts.training import (
    TRAINING_FACTS,
    CourseClosed,
    CourseOpened,
    GuidanceGiven,
    InternshipCompleted,
    InternshipStarted,
    SurveyAnswered,
    SurveyClosed,
    SurveyOpened,
    TraineeCompleted,
    TraineeEnrolled,
    TraineeWithdrew,
    TrainingFact,
)
from shared.rules import Rules

State = CourseState | Guided | InternshipState | SurveyState


def initial(subject: Subject) -> State:
    """The state of a thing nothing is recorded about. Raises ValueError for a kind this service keeps no history of."""
    kind = subject.partition(":")[0]
    match kind:
        case "course":
            return course.initial()
        case "person":
            return guidance.initial()
        case "internship":
            return internship.initial()
        case "survey":
            return survey.initial()
        case _:
            raise ValueError(f"the training service keeps no history of {subject}")


def decide(state: State, fact: Fact, day: date) -> Decision:
    """Rule on a fact of this service that occurred on `day`, in the state of the thing it is about."""
    ours = _training_fact(fact)
    match ours:
        case CourseOpened() | CourseClosed() | TraineeEnrolled() | TraineeCompleted() | TraineeWithdrew():
            assert isinstance(state, NoCourse | OpenCourse | ClosedCourse)
            return course.decide(state, ours, day)
        case GuidanceGiven():
            assert isinstance(state, Guided)
            return guidance.decide(state, ours, day)
        case InternshipStarted() | InternshipCompleted():
            assert isinstance(state, NoInternship | RunningInternship | CompletedInternship)
            return internship.decide(state, ours, day)
        case SurveyOpened() | SurveyAnswered() | SurveyClosed():
            assert isinstance(state, NoSurvey | OpenSurvey | ClosedSurvey)
            return survey.decide(state, ours, day)
        case _:
            assert_never(ours)


def evolve(state: State, fact: Fact, day: date) -> State:
    """Take a recorded fact of this service into the state of the thing it is about."""
    ours = _training_fact(fact)
    match ours:
        case CourseOpened() | CourseClosed() | TraineeEnrolled() | TraineeCompleted() | TraineeWithdrew():
            assert isinstance(state, NoCourse | OpenCourse | ClosedCourse)
            return course.evolve(state, ours, day)
        case GuidanceGiven():
            assert isinstance(state, Guided)
            return guidance.evolve(state, ours, day)
        case InternshipStarted() | InternshipCompleted():
            assert isinstance(state, NoInternship | RunningInternship | CompletedInternship)
            return internship.evolve(state, ours, day)
        case SurveyOpened() | SurveyAnswered() | SurveyClosed():
            assert isinstance(state, NoSurvey | OpenSurvey | ClosedSurvey)
            return survey.evolve(state, ours, day)
        case _:
            assert_never(ours)


_STATES: TypeAdapter[State] = TypeAdapter(Annotated[State, Discriminator("state")])

RULES: Rules[State] = Rules("training", TRAINING_FACTS, initial, decide, evolve, _STATES)


_CLASSES = frozenset(TRAINING_FACTS)


def _training_fact(fact: Fact) -> TrainingFact:
    """The fact as one of this service's. Raises TypeError for another service's."""
    if type(fact) in _CLASSES:  # not isinstance: pydantic's is slow, and this runs for every fact
        return cast(TrainingFact, fact)
    raise TypeError(f"{fact.type} is no fact of the training service / {fact.type} 不是培训服务的事实")
