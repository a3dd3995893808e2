"""Which courses the sample company's people attended.

It is made from a branch that has been simulated (`attain.demo.company`), with a chance of its own, so that nothing of
what is sold, invoiced or paid depends on it. Days are whole numbers counted from `company.START`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from attain.demo.company import Branch, Person, day_number


@dataclass(frozen=True, slots=True)
class Course:
    """A course that is held once or again; `share` of the salespeople go, the less able sooner than the able."""

    code: str
    name: str
    skill: str
    held: date
    hours: int
    share: float


COURSES = (
    Course("SALES-CLOSE", "商机研判与成交", "成交能力", date(2025, 5, 20), 12, 0.35),
    Course("SALES-COLLECT", "付款条款与回款管理", "回款管理", date(2025, 11, 18), 8, 0.30),
    Course("SALES-SOLUTION", "大客户方案销售", "方案销售", date(2026, 2, 11), 16, 0.25),
    Course("SALES-CLOSE", "商机研判与成交", "成交能力", date(2026, 5, 19), 12, 0.40),
    Course("SALES-COLLECT", "付款条款与回款管理", "回款管理", date(2026, 8, 25), 8, 0.30),
)


@dataclass(frozen=True, slots=True)
class Training:
    """One person's place in a course. `score` is of 100, 60 passes."""

    person: Person
    course: Course
    day: int
    score: int

    @property
    def is_passed(self) -> bool:
        return self.score >= 60


def trainings(seed: int, branch: Branch) -> Iterator[Training]:
    """The trainings of a branch, course by course. The same arguments always give the same ones."""
    chance = random.Random(f"attain:{seed}:trainings:{branch.number}")
    for course in COURSES:
        day = day_number(course.held)
        for person in branch.sellers:
            likely = course.share / max(person.skill, 0.5)
            if person.works_on(day) and chance.random() < likely:
                yield Training(person, course, day, min(100, round(chance.gauss(78, 12))))
