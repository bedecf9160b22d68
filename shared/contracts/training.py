"""Facts of the training service: courses, guidance, internships and surveys (plan 三(三), 三(四), 四(二)–(四))."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.base import Categories, CourseId, Fact, InternshipId, PersonId, Placed, SurveyId, Text, VenueId
from shared.contracts.exact import Flag, Whole

CourseKind = Literal["start_up", "internship", "vocational_qualification", "skill"]
"""创业培训, 创业见习, 职业资格培训, 技能培训 (plan 三(三)1)."""
TrainingProgramme = Literal["care", "local_industry", "return_home", "job_change"]
"""关爱就业培训, 特色产业培训, 回乡创业培训, 转岗技能培训 (plan 三(三)3)."""
GuidanceKind = Literal["policy", "information", "law", "technology", "finance", "project"]
"""政策咨询, 信息, 法律, 技术指导, 融资贷款, 项目 (plan 三(四)1)."""
Population = Literal["public", "served"]
"""社会公众, or 服务对象: those who were trained, guided or lent to."""
Question = Literal["overall", "service", "cost", "policy"]
"""总体满意度, 服务, 创业成本, 政策."""


class CourseOpened(Fact):
    """开班: a course begins. `kind` says what is taught, `programme` which of the plan's special trainings it belongs to, if any."""

    type = "training.course_opened"
    about = "course"
    opens = True
    natural_key = ("course",)
    zh = "培训班开班"
    example = {
        "unit": "330127101000", "course": "C2010-07", "name": "第七期创业培训班", "course_kind": "start_up", "programme": "return_home",
        "institution": "县就业训练中心", "evidence": [{"document": "县就培〔2010〕7号"}],
    }  # fmt: skip

    course: CourseId
    name: Text
    course_kind: CourseKind
    programme: TrainingProgramme | None = None
    institution: Text
    """The training institution (培训机构)."""


class CourseClosed(Fact):
    """结班: the course has ended; what was achieved in it may still be reported."""

    type = "training.course_closed"
    about = "course"
    natural_key = ("course",)
    zh = "培训班结班"
    example = {"course": "C2010-07"}

    course: CourseId


class TraineeEnrolled(Placed):
    """参训: a person enters a course. Unit and park say where the person counts."""

    type = "training.trainee_enrolled"
    about = "course"
    natural_key = ("course", "person")
    zh = "学员报名"
    example = {"unit": "330127101003", "course": "C2010-07", "person": "P0123456789ABCDEF", "categories": ["returning_migrant", "woman"]}

    course: CourseId
    person: PersonId
    categories: Categories = ()


class TraineeCompleted(Placed):
    """结业: a person has finished a course, and whether with a pass (合格). The pass day is this fact's day."""

    type = "training.trainee_completed"
    about = "course"
    natural_key = ("course", "person")
    zh = "学员结业"
    example = {
        "unit": "330127101003", "course": "C2010-07", "person": "P0123456789ABCDEF", "passed": True,
        "evidence": [{"document": "创业培训合格证 0700123"}],
    }  # fmt: skip

    course: CourseId
    person: PersonId
    passed: Flag


class TraineeWithdrew(Fact):
    """退学: a person left a course before finishing it."""

    type = "training.trainee_withdrew"
    about = "course"
    natural_key = ("course", "person")
    zh = "学员退学"
    example = {"course": "C2010-07", "person": "P0123456789ABCDEF"}

    course: CourseId
    person: PersonId


class GuidanceGiven(Placed):
    """创业指导: one session of guidance for one person. Sessions of one kind with one person on one day are the same session."""

    type = "training.guidance_given"
    about = "person"
    natural_key = ("person", "occurred", "guidance_kind")
    zh = "创业指导"
    example = {
        "unit": "330127101003", "person": "P0123456789ABCDEF", "categories": ["graduate"], "guidance_kind": "policy", "programme": "ybc",
    }  # fmt: skip

    person: PersonId
    categories: Categories = ()
    guidance_kind: GuidanceKind
    programme: Literal["ybc"] | None = None
    """中国青年创业国际计划, when the session belongs to it."""


class InternshipStarted(Placed):
    """见习开始: a person starts an internship in starting up at an internship base (创业见习基地, plan 四(四))."""

    type = "training.internship_started"
    about = "internship"
    opens = True
    natural_key = ("internship",)
    zh = "创业见习开始"
    example = {
        "unit": "330127101003", "internship": "I2010-0031", "person": "P0123456789ABCDEF", "categories": ["graduate"], "venue": "B-03",
    }  # fmt: skip

    internship: InternshipId
    person: PersonId
    categories: Categories = ()
    venue: VenueId
    """The internship base."""


class InternshipCompleted(Fact):
    """见习结束: the internship has been completed, and whether the base kept the person on (留用)."""

    type = "training.internship_completed"
    about = "internship"
    natural_key = ("internship",)
    zh = "创业见习结束"
    example = {"internship": "I2010-0031", "retained": True}

    internship: InternshipId
    retained: Flag


class SurveyOpened(Fact):
    """问卷发放: a satisfaction survey begins."""

    type = "training.survey_opened"
    about = "survey"
    opens = True
    natural_key = ("survey",)
    zh = "满意度调查开始"
    example = {"survey": "S2010-2", "title": "创业环境满意度调查（第二次）", "population": "public"}

    survey: SurveyId
    title: Text
    population: Population


class Score(BaseModel):
    """One answer of a respondent: satisfied from 4 of 5 up."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    question: Question
    service: Text | None = None
    """Which service a `service` score is about; None is the service question as a whole. No other question has one."""
    score: Annotated[Whole, Field(ge=1, le=5)]

    @model_validator(mode="after")
    def _service_only_for_service(self) -> Self:
        if self.service is not None and self.question != "service":
            raise ValueError("only the service question names a service / 只有服务类问题可以填写服务名称")
        return self


class SurveyAnswered(Fact):
    """问卷回收: one respondent's answers. A later answer of the same respondent to the same survey replaces the earlier one."""

    type = "training.survey_answered"
    about = "survey"
    natural_key = ("survey", "respondent")
    repeat = "supersedes"
    zh = "满意度调查答卷"
    example = {
        "unit": "330127101003", "survey": "S2010-2", "respondent": "P0123456789ABCDEF", "group": "创业者",
        "scores": [
            {"question": "overall", "score": 5}, {"question": "service", "service": "小额担保贷款", "score": 4},
            {"question": "cost", "score": 3},
        ],
    }  # fmt: skip

    survey: SurveyId
    respondent: PersonId
    scores: Annotated[tuple[Score, ...], Field(min_length=1, max_length=100)]
    group: Text | None = None
    """The respondent's group, in the questionnaire's own words."""

    @model_validator(mode="after")
    def _each_question_once(self) -> Self:
        asked = [(score.question, score.service) for score in self.scores]
        if len(set(asked)) < len(asked):
            raise ValueError("a question is answered twice / 同一问题重复作答")
        return self


class SurveyClosed(Fact):
    """问卷截止: the survey is closed; answers are accepted for days up to this one."""

    type = "training.survey_closed"
    about = "survey"
    natural_key = ("survey",)
    zh = "满意度调查结束"
    example = {"survey": "S2010-2"}

    survey: SurveyId


TrainingFact = (
    CourseOpened | CourseClosed | TraineeEnrolled | TraineeCompleted | TraineeWithdrew | GuidanceGiven | InternshipStarted
    | InternshipCompleted | SurveyOpened | SurveyAnswered | SurveyClosed
)  # fmt: skip
TRAINING_FACTS: tuple[type[TrainingFact], ...] = (
    CourseOpened, CourseClosed, TraineeEnrolled, TraineeCompleted, TraineeWithdrew, GuidanceGiven, InternshipStarted,
    InternshipCompleted, SurveyOpened, SurveyAnswered, SurveyClosed,
)  # fmt: skip
