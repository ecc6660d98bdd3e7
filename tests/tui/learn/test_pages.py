"""Each screen of each lesson, drawn without an app: nothing is cut off, nothing is lost."""

import dataclasses
import random
import re
from collections.abc import Iterable, Mapping

import pytest

from adder_engine.sections import LOSSES
from adder_engine.snapshot import FiniteDifference, GradientCheck
from adder_tui.course import markup
from adder_tui.course.attempt import LessonAttempt
from adder_tui.course.course import read_course
from adder_tui.course.lesson import Lesson
from adder_tui.course.probe_views import PROBE_VIEWS, calls_of, name_of
from adder_tui.course.questions import LETTERS
from adder_tui.course.state import PARTS, LessonState, Review, steps_of
from adder_tui.learn.draw_views import draw_view
from adder_tui.learn.glossary import entries, entry_lines
from adder_tui.learn.list import Listing, list_foot, list_head, list_rows
from adder_tui.learn.page import head_line, now_line, page_lines
from adder_tui.learn.prose import prose_lines
from adder_tui.storage.progress import Progress, enter, finish, finish_task, fresh
from adder_tui.ui.line import plain
from adder_tui.ui.symbols import ASCII, UNICODE, Glyphs
from tests.tui.views import view_of

COURSE = read_course()
LESSONS = COURSE.lessons
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.id for lesson in LESSONS])
each_width = pytest.mark.parametrize("width", [57, 60, 80])
each_glyphs = pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])


def state_at(
    lesson: Lesson, step: str | int = 0, done: Iterable[int] = (), predictions: Mapping[str, str] | None = None
) -> LessonState:
    """A lesson at a step, by its place or the first of a kind, with these tasks done and these predictions made."""
    state = LessonState(LessonAttempt(lesson))
    state.at = step if isinstance(step, int) else [str(one.kind) for one in state.steps].index(step)
    state.attempt.done.update(done)
    state.activity.predictions.update(predictions or {})
    return state


def pages_of(lesson: Lesson) -> list[LessonState]:
    """Every step, as new and as done, with all hints, with a wrong answer told."""
    said = {one.id: "b" if one.choices else "1234.5678" for one in lesson.predictions}
    replies = {one.id: one.slips[0].says if one.slips else "That is not it yet." for one in lesson.fields}
    pages = []
    for at in range(len(steps_of(lesson))):
        done = state_at(lesson, at, [task.id for task in lesson.tasks], said)
        done.answered, done.finished = lesson.quiz.answer, True
        done.attempt.figures = {quote.name: "−123456.7890" for quote in lesson.quotes}
        done.attempt.best = {challenge.id: 1e4 for challenge in lesson.challenges}
        stuck = state_at(lesson, at, predictions=said)
        stuck.hints = {task.id: 3 for task in lesson.tasks}
        stuck.replies, stuck.answered = replies, "a"
        stuck.activity.answers = dict.fromkeys(replies, "-123456.78")
        pages += [state_at(lesson, at), done, stuck]
    return pages


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+", text)


@each_lesson
@each_width
@each_glyphs
def test_nothing_of_a_lesson_is_wider_than_its_place(lesson: Lesson, width: int, glyphs: Glyphs) -> None:
    for page in pages_of(lesson):
        for line in page_lines(page, width, glyphs):
            assert line.width <= width, line.plain
        assert head_line(page, width, glyphs).width == width
        assert now_line(page, width, glyphs).width == width


@each_lesson
@each_width
def test_every_word_of_a_lesson_is_on_the_screen(lesson: Lesson, width: int) -> None:
    for part in ("", *PARTS.values()):
        text = lesson.parts.get(part, "")
        shown = plain(prose_lines(text, width, UNICODE))
        blocks = [span.text for block in markup.blocks_of(text) for span in block.spans]
        assert sorted(words(shown)) == sorted(words(" ".join([*blocks, *_marks(text)]))), part


@pytest.mark.parametrize("width", range(10, 60))
def test_no_sum_and_no_shape_is_broken_over_two_rows(width: int) -> None:
    text = "Ask 30 + 70, then 3 − 7: rows and a (1, 2) times a (2, 4), so that 4 + 4 + 1 is 9, and so on, +, −."
    rows = plain(prose_lines(text, width, UNICODE)).split("\n")
    for whole in ("30 + 70,", "3 − 7:", "(1, 2)", "(2, 4),", "4 + 4 + 1"):
        assert any(whole in row for row in rows), rows


@pytest.mark.parametrize("width", [40, 54, 57, 60])
def test_no_blank_of_a_worked_example_is_broken_over_two_rows(width: int) -> None:
    for lesson in COURSE.lessons:
        for page in pages_of(lesson):
            rows = [line.plain for line in page_lines(page, width, UNICODE) if "[" in line.plain]
            assert all(row.count("[") == row.count("]") for row in rows), lesson.id


def _marks(text: str) -> list[str]:
    return [block.mark for block in markup.blocks_of(text) if block.mark != "-"]


@each_lesson
def test_a_lesson_in_ascii_has_only_ascii(lesson: Lesson) -> None:
    for page in pages_of(lesson):
        for line in page_lines(page, 80, ASCII):
            assert line.plain.isascii(), line.plain


@each_lesson
def test_the_title_and_the_step_fit_into_the_head(lesson: Lesson) -> None:
    for page in pages_of(lesson):
        head = head_line(page, 57, UNICODE).plain
        assert lesson.title in head
        assert re.search(rf"{page.at + 1}( of |/){len(page.steps)}\b", head)


@each_lesson
def test_a_task_is_said_whole_in_the_text(lesson: Lesson) -> None:
    for page in pages_of(lesson):
        if page.step.kind == "do":
            shown = words(plain(page_lines(page, 80, UNICODE)))
            for task in lesson.tasks:
                assert task.id not in page.step.tasks or set(words(markup.plain(task.do))) <= set(shown)


@each_lesson
@pytest.mark.parametrize("size", [(80, 8), (80, 14), (57, 10)])
def test_the_lessons_own_views_keep_to_their_place(lesson: Lesson, size: tuple[int, int]) -> None:
    width, height = size
    calls = {view: calls_of(view, lesson) for view in lesson.views if view in PROBE_VIEWS}
    state = state_at(lesson)
    state.results = {call: -1234.5678 for calls in calls.values() for call in calls}
    for view in ("rule", "prompt", "map", "settings", "runs", "capstone", *calls, *(["board"] if lesson.board else [])):
        lines = draw_view(view, view_of(), state, width, height)
        assert all(line.width == width for line in lines)
        assert len(lines) <= height or view == "capstone"


@each_lesson
def test_a_bench_tells_no_figure_before_the_guess(lesson: Lesson) -> None:
    for view in (view for view in lesson.views if view in PROBE_VIEWS):
        state = state_at(lesson)
        assert state.step.kind == "read"
        state.results = dict.fromkeys(calls_of(view, lesson), 1234.5)
        assert "1234" not in plain(draw_view(view, view_of(), state, 80, 40))


def test_a_refusal_that_meets_two_figures_of_a_bench_is_told_once() -> None:
    lesson = next(one for one in LESSONS if "valley" in one.views)
    state = state_at(lesson, "do", predictions=dict.fromkeys((one.id for one in lesson.predictions), "a"))
    calls = calls_of("valley", lesson)
    state.results = dict.fromkeys(calls, "The loss is not finite here: go back to before the blow-up.")
    shown = [line.plain for line in draw_view("valley", view_of(), state, 100, 12)]
    assert sum("not finite" in row for row in shown) == 1
    assert sum("as above" in row for row in shown) == len(calls) - 1


@pytest.mark.parametrize("height", range(1, 16))
def test_the_chosen_setting_is_in_sight_and_the_runs_where_there_is_room(height: int) -> None:
    lesson = COURSE.by_id["overfit-and-capstone"]
    state = state_at(lesson, "do")
    for at, key in enumerate(lesson.controls):
        state.rows["settings"] = at
        rows = [line.plain for line in draw_view("settings", view_of(), state, 80, height)]
        assert len(rows) <= height
        assert any(f"▸ {key} " in row for row in rows)
        assert any("your own adder" in row for row in rows) or height < len(lesson.controls) + 2


def test_a_setting_without_an_effect_says_why_as_the_form_does() -> None:
    state = state_at(COURSE.by_id["enough-examples"], "do")
    shown = [plain(draw_view("settings", view_of(preset), state, 80, 12)) for preset in ("one-pair", "many-pairs")]
    assert "data.count                10000   no effect: kind is rows" in shown[0]
    assert "no effect" not in shown[1]


def test_nudges_have_their_points_under_each_other_and_as_many_digits() -> None:
    lesson = COURSE.by_id["slope"]
    state = state_at(lesson, "do", predictions=dict.fromkeys((one.id for one in lesson.predictions), "a"))
    off = {10.0: 7.721e-8, 0.1: 2.216e-5, 0.01: 3.484e-4, 1e-5: 0.2354, 1e-6: 3.941}
    nudges = tuple(FiniteDifference(size, 0.0, 0.0, -197.6274 * (1 + share), share) for size, share in off.items())
    state.activity.checks["output.bias"] = GradientCheck(36, "output.bias", 9764.15, -197.6274, nudges)
    rows = [line.plain for line in draw_view("nudge", view_of(), state, 80, 20) if "off by" in line.plain]
    shares = [row.partition("off by ")[2].rstrip() for row in rows]
    assert shares == ["  7.72e−6 %", "  0.00222 %", "  0.0348  %", " 23.5     %", "394       %"]
    assert len({row.index(".", row.index("slope")) for row in rows}) == 1


@pytest.mark.parametrize(
    ("share", "shown"), [(3.5e-6, "3.5e−4 %"), (0.2310, "23.10 %"), (0.0, "0.00 %")], ids=["tiny", "usual", "none"]
)
def test_a_share_of_a_bench_has_our_minus_and_no_zeros_in_its_power_of_ten(share: float, shown: str) -> None:
    lesson = next(one for one in LESSONS if "accumulate" in one.views)
    state = state_at(lesson, "do", predictions=dict.fromkeys((one.id for one in lesson.predictions), "a"))
    state.results = {call: share for call in calls_of("accumulate", lesson) if call.bench == "tenths"}
    assert f" {shown}" in plain(draw_view("accumulate", view_of(), state, 80, 12))


def test_a_map_that_is_veiled_does_not_speak_of_an_activation() -> None:
    state = state_at(COURSE.by_id["one-affine-map"])
    text = plain(draw_view("map", view_of(collapsed=None), state, 80, 4))
    assert "once you have guessed" in text
    assert "activation" not in text


def test_each_loss_that_the_spoiled_sums_are_tried_with_exists() -> None:
    assert {call.arguments[0] for call in PROBE_VIEWS["spoiled"].calls} <= set(LOSSES)


@each_lesson
def test_every_figure_that_a_view_offers_has_a_name(lesson: Lesson) -> None:
    for view in lesson.views:
        for call in calls_of(view, lesson) if view in PROBE_VIEWS else ():
            assert name_of(call)


@each_lesson
def test_the_steps_lead_through_every_prediction_and_task_once(lesson: Lesson) -> None:
    steps = steps_of(lesson)
    assert [step.prediction for step in steps if step.kind == "predict"] == [one.id for one in sorted(
        lesson.predictions, key=lambda one: one.before)]  # fmt: skip
    assert [task for step in steps for task in step.tasks] == [task.id for task in lesson.tasks]
    assert steps[0].kind == "read"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("40.5", "[40.5_   ]"), ("-98.813", "[−98.813_]"), ("-98.8137", "[−98.8137]"), ("1234.5678", "[…4.5678_]")],
)
def test_a_blank_that_is_being_typed_in_loses_no_sign_unseen(typed: str, shown: str) -> None:
    lesson = COURSE.by_id["loss"]
    done = [task.id for task in lesson.tasks if "sq" not in task.blanks]
    state = state_at(lesson, "do", done)
    state.typed = typed
    assert state.blank == "sq"
    assert shown in plain(page_lines(state, 80, UNICODE))


@pytest.mark.parametrize("lesson", [one for one in LESSONS if one.challenges], ids=lambda one: one.id)
def test_a_challenge_waits_until_every_prediction_is_locked_in(lesson: Lesson) -> None:
    first, *later = [one.id for one in lesson.predictions]
    page = state_at(lesson, "do", [task.id for task in lesson.tasks], {first: "b"})
    assert ("challenge" in plain(page_lines(page, 80, UNICODE))) == (not later)


def test_the_last_lesson_ends_with_the_courses_closing_word() -> None:
    state = state_at(LESSONS[-1], "more")
    assert "That was the course." not in plain(page_lines(state, 80, UNICODE))
    state.closing = COURSE.closing
    shown = plain(page_lines(state, 80, UNICODE))
    assert set(words(markup.plain(COURSE.closing))) <= set(words(shown))


@pytest.mark.parametrize("reasoned", [True, False])
def test_a_wrong_answer_to_the_quiz_shows_its_reason_or_else_the_fact_that_answers_it(reasoned: bool) -> None:
    lesson = COURSE.by_id["rule-or-guess"]
    if not reasoned:
        lesson = dataclasses.replace(lesson, quiz=dataclasses.replace(lesson.quiz, reasons=()))
    wrong = next(letter for letter in LETTERS if letter != lesson.quiz.answer)
    state = state_at(lesson, "quiz")
    state.answered = wrong
    shown = plain(page_lines(state, 80, UNICODE))
    assert "Not that one" in shown
    told = lesson.quiz.reason(wrong) if reasoned else markup.plain(lesson.facts[lesson.quiz.fact - 1])
    assert set(words(told)) <= set(words(shown))
    assert lesson.quiz.why not in shown


def test_the_list_tells_every_state_by_a_character() -> None:
    tree = fresh()
    ids = [lesson.id for lesson in LESSONS]
    for id in ids[:3]:
        enter(tree, id)
    finish(tree, ids[0])
    finish_task(tree, ids[1], 1, shown=True)
    finish(tree, ids[1])
    for glyphs, marks in ((UNICODE, "✓½▸"), (ASCII, "xh>")):
        lines, owners = list_rows(Listing(COURSE, Progress(tree), at=9), 80, glyphs)
        found = [line.plain[2] for line, owner in zip(lines, owners, strict=True) if owner is not None]
        assert "".join(found[:3]) == marks
        assert found[3] == " "
        assert all(line.width == 80 for line in lines)
    assert "2 of 20 done" in plain(list_head(Listing(COURSE, Progress(tree)), 80, UNICODE))
    assert plain(list_foot(Listing(COURSE, Progress(tree)), 80, UNICODE)).strip() == LESSONS[0].goal


def test_the_list_is_narrowed_by_state_and_by_words() -> None:
    tree = fresh()
    enter(tree, LESSONS[0].id)
    finish(tree, LESSONS[0].id)
    assert [one.id for one in Listing(COURSE, Progress(tree), filter="done").shown] == [LESSONS[0].id]
    assert len(Listing(COURSE, Progress(tree), filter="open").shown) == len(LESSONS) - 1
    assert "backprop" in [one.id for one in Listing(COURSE, Progress(tree), words="backpropagation").shown]


def test_every_term_has_its_text_whole_beside_the_list_of_terms() -> None:
    for entry in entries(COURSE, "", ()):
        lines = entry_lines(entry, COURSE, 46, UNICODE)
        assert all(line.width <= 46 for line in lines)
        assert set(words(entry.text)) <= set(words(plain(lines)))
        assert len(lines) <= 17


def test_a_term_that_is_typed_in_full_comes_first_in_the_glossary() -> None:
    for term in COURSE.glossary.entries:
        assert entries(COURSE, term, ["epoch"])[0].term == term


def test_a_lessons_own_terms_come_first_in_the_glossary() -> None:
    first = COURSE.by_id["loss"].terms
    found = entries(COURSE, "", first)
    assert [entry.term for entry in found[: len(first)]] == [COURSE.glossary.find(term).term for term in first]  # type: ignore[union-attr]
    assert len(found) == len(COURSE.glossary.entries)


def test_a_review_shows_one_question_at_a_time_and_the_score_at_its_end() -> None:
    drawn = tuple(random.Random(1).sample(LESSONS, 5))
    page = state_at(LESSONS[0], "more")
    for at, lesson in enumerate(drawn):
        page.review = Review(drawn, tuple(one.quiz for one in drawn), at=at, given=lesson.quiz.answer, at_once=3)
        shown = plain(page_lines(page, 80, UNICODE))
        assert set(words(markup.plain(lesson.quiz.ask))) <= set(words(shown))
        assert ("3 of 5 at the first go" in shown) == (at == 4)
        assert f"question {at + 1} of 5" in head_line(page, 80, UNICODE).plain


@each_lesson
def test_the_line_under_the_text_cuts_no_task_within_a_sentence(lesson: Lesson) -> None:
    state = state_at(lesson)
    for at, step in enumerate(state.steps):
        state.at = at
        for task in step.tasks:
            assert "…" not in now_line(state, 80, UNICODE).plain, task
            state.attempt.done.add(task)
