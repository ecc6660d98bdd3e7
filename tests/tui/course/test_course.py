"""The course that comes with the program: its solutions are played, its figures measured, its coverage counted."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from adder_engine.session import Session
from adder_tui.course import authoring
from adder_tui.course.action_runner import ActionRunner
from adder_tui.course.attempt import LessonAttempt
from adder_tui.course.authoring import check_course
from adder_tui.course.course import OWN_COURSE, OWN_ID, read_course
from adder_tui.course.lesson import Lesson, Measured
from adder_tui.course.source import LessonError
from tests.tui.course.lesson_file import SMALL, small_lesson

COURSE = read_course()
COVERAGE = tomllib.loads((Path(__file__).parent / "coverage.toml").read_text(encoding="utf-8"))


def runs() -> list[Any]:
    """Each lesson's figures, those of one run together."""
    return [
        pytest.param(
            lesson,
            figures,
            id=f"{lesson.id}: {figures[0].key}",
            marks=[pytest.mark.slow] if any(one.slow for one in figures) else [],
        )
        for lesson in COURSE.lessons
        for figures in authoring.groups(lesson)
    ]


@pytest.mark.parametrize("lesson", COURSE.lessons, ids=lambda lesson: lesson.id)
async def test_a_lessons_solution_makes_each_check_true_and_none_is_true_before(
    session: Session, lesson: Lesson
) -> None:
    assert [wrong async for wrong in authoring.try_solution(session, lesson)] == []


@pytest.mark.parametrize(("lesson", "figures"), runs())
async def test_figures_come_out_as_the_lesson_states_them(
    session: Session, lesson: Lesson, figures: tuple[Measured, ...]
) -> None:
    assert await authoring.measure(session, lesson, figures) == []


def test_sections_and_terms_are_those_of_the_tutorial() -> None:
    sections = set(COVERAGE["sections"])
    for lesson in COURSE.lessons:
        assert set(lesson.covers) <= sections, lesson.id
        for term in lesson.terms:
            entry = COURSE.glossary.find(term)
            assert entry is not None, term
            assert lesson.id in entry.lessons


def test_every_key_term_is_in_the_glossary() -> None:
    assert [term for term in COVERAGE["terms"] if COURSE.glossary.find(term) is None] == []


def test_a_complete_course_covers_every_section_and_term() -> None:
    missing = [s for s in COVERAGE["sections"] if not any(s in lesson.covers for lesson in COURSE.lessons)]
    missing += [t for t in COVERAGE["terms"] if not (e := COURSE.glossary.find(t)) or not e.lessons]
    unlinked = [entry.term for entry in COURSE.glossary.entries.values() if not entry.lessons]
    if COURSE.complete:
        assert missing == []
        assert unlinked == []
        assert [lesson.order for lesson in COURSE.lessons] == list(range(1, 21))
        assert all(COURSE.in_chapter(chapter.id) for chapter in COURSE.chapters)
    else:
        assert missing  # or it is complete: say so in course.toml


def test_lessons_needs_are_lessons_that_come_before() -> None:
    for lesson in COURSE.lessons:
        for need in lesson.needs:
            if COURSE.complete or need in COURSE.by_id:
                assert COURSE.by_id[need].order < lesson.order, lesson.id


def test_the_lesson_that_follows_is_the_next_in_order() -> None:
    first, second = COURSE.lessons[:2]
    assert COURSE.after(first.id) is second
    assert COURSE.after(COURSE.lessons[-1].id) is None


REFERS = {
    "rule-or-guess": {"anatomy", "one-affine-map", "loss", "learning-rate", "enough-examples"},
    "anatomy": set(), "seeds": {"one-sum"}, "forward-by-hand": {"anatomy"}, "slope": {"one-step"},
    "one-sum": {"rule-or-guess", "enough-examples"}, "backprop": {"one-step"}, "one-step": {"learning-rate"},
    "learning-rate": {"batches"},
    "enough-examples": {"one-affine-map", "one-sum"}, "the-zoo": {"far-away"}, "batches": {"one-step"},
    "far-away": {"one-affine-map", "enough-examples"}, "activations": {"one-affine-map"},
    "overfit-and-capstone": {"one-sum", "scale"},
}  # fmt: skip
"""Lessons to the lessons that their texts mention by number."""


@pytest.mark.parametrize("lesson", COURSE.lessons, ids=lambda lesson: lesson.id)
def test_a_lesson_that_is_mentioned_by_its_number_is_the_one_that_is_meant(lesson: Lesson) -> None:
    text = Path(lesson.file).read_text(encoding="utf-8")
    mentioned = re.findall(r"[Ll]essons? (\d+)(?: to (\d+))?|\((\d+) to (\d+)\)|\((\d+) and on\)", text)
    found = {COURSE.lessons[int(number) - 1].id for groups in mentioned for number in groups if number}
    assert found == REFERS.get(lesson.id, set())


TRADE = (
    "held-out data", "gradient", "optimizer", "Adam", "SGD", "momentum", "mini-batch", "backpropagation", "autograd",
    "tensor", "dropout", "overfitting", "hyperparameters", "learning rate", "float32", "weight decay",
)  # fmt: skip
"""Words that mean nothing to a newcomer, so that no text uses them before the lesson that explains them."""


def test_a_word_of_the_trade_comes_with_its_lesson_or_after_it() -> None:
    early = []
    for lesson in COURSE.lessons:
        asked = (text for one in lesson.all_questions for text in (one.ask, one.why, *one.choices, *one.reasons))
        text = " ".join([lesson.screen_text, lesson.goal, lesson.title, *(task.do for task in lesson.tasks),
                         *(hint for task in lesson.tasks for hint in task.hints), *asked])  # fmt: skip
        for term in TRADE:
            entry = COURSE.glossary.entries[term]
            names = [name for name in (term, *entry.also) if name not in ("rate", "lr", "training.lr")]
            if term in COURSE.unmet(lesson.id) and any(re.search(rf"\b{re.escape(n)}\b", text) for n in names):
                early.append((lesson.id, term))
    assert early == []


def test_hints_name_the_run_to_be_loaded_and_hold_whichever_is() -> None:
    wrong = []
    for lesson in (one for one in COURSE.lessons if one.stations):
        for task in lesson.tasks:
            loads = any(action.verb == "station" for action in task.actions)
            relative = re.search(
                r"Press b, |\bb (again|loads)|(next|last) (run|of the runs)|The run is ready", " ".join(task.hints)
            )
            if relative or (loads and "Press b until" not in task.hints[-1]):
                wrong.append((lesson.id, task.id))
    assert wrong == []


def test_what_is_shown_around_a_lesson_asks_for_terms_that_there_are() -> None:
    sources = Path(OWN_COURSE).parents[1].rglob("*.py")
    asked = {term for path in sources for term in re.findall(r'\bmet\("([^"]+)"\)', path.read_text(encoding="utf-8"))}
    assert asked >= {"loss", "collapsed map"}
    assert asked <= set(COURSE.glossary.entries)


def test_a_lesson_has_met_its_own_terms_and_those_before_it() -> None:
    assert "loss" not in COURSE.unmet("rule-or-guess")
    assert "collapsed map" in COURSE.unmet("shapes")
    assert "collapsed map" not in COURSE.unmet("one-affine-map")
    assert COURSE.unmet(COURSE.lessons[-1].id) == frozenset()


def test_the_first_lesson_has_six_new_words_at_most() -> None:
    assert len(COURSE.lessons[0].terms) <= 6


async def test_a_run_that_show_me_had_a_hand_in_meets_no_challenge(session: Session) -> None:
    lesson = COURSE.by_id["overfit-and-capstone"]
    attempt = LessonAttempt(lesson)
    player = ActionRunner(session, attempt)
    await player.enter()
    attempt.activity.showing = True
    await player.play(lesson.challenges[0].actions)
    attempt.activity.showing = False
    assert await attempt.look_at_challenges(session) == ()
    await player.play(lesson.challenges[0].actions)
    assert await attempt.look_at_challenges(session) == lesson.challenges


async def test_a_solution_that_does_nothing_is_found_out(session: Session, tmp_path: Path) -> None:
    idle = ('actions = ["run 3"]', 'actions = ["reset"]')
    lesson = small_lesson(tmp_path, idle, ('"asked(30, 70)"', '"epochs == 0"'), ("par = 1", "par = 0"))
    wrong = "\n".join([one async for one in authoring.try_solution(session, lesson)])
    assert "The check of task 1 is true on entering" in wrong
    assert "The actions of task 2 do not make its check true" in wrong
    assert "The actions of the challenge quick reach 1, not its par 0." in wrong


@pytest.mark.parametrize(
    ("figure_class", "value", "more", "holds"),
    [
        ("T", "1.187", "", True), ("T", "1.19", "", False), ("B", "1.2", "tol = 0.1", True),
        ("B", "1.2", "rel = 0.001", False),
        ("E", "1.1863", "", False), ("T", "1.2", "tol = 0.02", True),
    ],
)  # fmt: skip
async def test_a_figure_holds_by_its_class(
    session: Session, tmp_path: Path, figure_class: str, value: str, more: str, holds: bool
) -> None:
    lesson = small_lesson(
        tmp_path, ('value = 1.1863\nclass = "T"', f'value = {value}\nclass = "{figure_class}"\n{more}')
    )
    assert (await authoring.measure(session, lesson, lesson.measured) == []) is holds


def test_each_figure_that_the_course_states_is_measured() -> None:
    assert {lesson.id: loose for lesson in COURSE.lessons if (loose := authoring.unmeasured(lesson))} == {}
    assert {lesson.id for lesson in COURSE.lessons if lesson.cited} == {"the-zoo"}  # those are computed in test_zoo.py


def test_checking_the_course_finds_nothing() -> None:
    course, problems = check_course(OWN_COURSE)
    assert course is not None
    assert course.broken == ()
    assert course.id == OWN_ID
    assert problems == []


def test_figures_without_a_measure_are_pointed_out(tmp_path: Path) -> None:
    lesson = small_lesson(
        tmp_path, ("## Explain\nBecause.", "## Explain\nIt is 1.19, not −2.5, or 10,000; in 30 of 100, at 0.75.")
    )
    assert authoring.unmeasured(lesson) == ["−2.5", "10,000", "0.75"]


def test_a_figure_with_a_source_needs_no_measure(tmp_path: Path) -> None:
    text = ("## Explain\nBecause.", "## Explain\nIt is 1.19, not −2.5, or 0.75.")
    cited = ("[[challenge]]", '[[cited]]\nsource = "a book"\nvalues = [-2.5]\n\n[[challenge]]')
    assert authoring.unmeasured(small_lesson(tmp_path, text, cited)) == ["0.75"]
    for wrong in ('values = ["x"]', "values = []", ""):
        with pytest.raises(LessonError, match=r"cited.values.* it takes the figures as the text states them"):
            small_lesson(tmp_path, text, (cited[0], cited[1].replace("values = [-2.5]", wrong)))


# --- folders --------------------------------------------------------------------------------------

HEAD = 'title = "Mine"\ncomplete = false\n[[chapter]]\nid = "look"\ntitle = "Look"\n'


def _folder(tmp_path: Path, head: str = HEAD, **files: str) -> Path:
    (tmp_path / "course.toml").write_text(head, encoding="utf-8")
    for name, text in files.items():
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_folder_of_ones_own_is_a_course(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "01-small.md").write_text(SMALL, encoding="utf-8")
    (folder / "README.md").write_text("No lesson.", encoding="utf-8")
    course = read_course(folder)
    assert course.title == "Mine"
    assert [lesson.id for lesson in course.lessons] == ["small"]
    assert course.glossary.find("loss") is not None


def test_what_is_wrong_between_files_is_said(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "01-small.md").write_text(SMALL, encoding="utf-8")
    other = SMALL.replace('terms = ["loss"]', 'terms = ["loss", "blorb"]').replace('chapter = "look"', 'chapter = "x"')
    (folder / "02-other.md").write_text(other, encoding="utf-8")
    course = read_course(folder)
    assert [lesson.file for lesson in course.lessons] == [str(folder / "01-small.md")]
    assert [one.name for one in course.broken] == ["02-other.md"]
    phrase = "\n".join(str(problem) for one in course.broken for problem in one.problems)
    for part in ("id = 'small' is that of", "order = 1 is that of", "should be named 01-small.md", "'x' is not in",
                 "'blorb' is not in glossary.toml"):  # fmt: skip
        assert part in phrase


@pytest.mark.parametrize("head", ["", "title = 1", HEAD + "colour = 1", "[["])
def test_a_head_that_will_not_do_is_said(tmp_path: Path, head: str) -> None:
    with pytest.raises(LessonError):
        read_course(_folder(tmp_path, head))


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(LessonError, match="cannot be read"):
        read_course(tmp_path / "nowhere")


def test_the_courses_files_are_packaged() -> None:
    text = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    patterns = tomllib.loads(text)["tool"]["setuptools"]["package-data"]["adder_tui"]
    assert {"**/*.md", "**/*.toml"} <= set(patterns)
    assert OWN_COURSE.is_relative_to(Path(__file__).parents[3] / "adder_tui")
