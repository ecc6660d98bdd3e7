"""What a class's learners see: today's lessons, a broken one's fault, the pace; and what lands in the drop folder."""

import dataclasses
from pathlib import Path

from adder_tui.app import AdderApp
from adder_tui.course.course import OWN_ID, Broken, read_course
from adder_tui.course.source import Problem
from adder_tui.learn.list import Listing, list_head, list_rows, top_row
from adder_tui.settings import Settings
from adder_tui.storage.progress import Progress, fresh
from adder_tui.storage.progress_store import CourseMark, read_export
from adder_tui.ui.line import plain
from adder_tui.ui.symbols import UNICODE
from tests.tui.screens import app_of, shows, until

COURSE = read_course()
TODAY = tuple(lesson.id for lesson in COURSE.lessons if lesson.order in (15, 16))


def test_a_classs_lessons_of_today_are_told_and_begun_with() -> None:
    listing = Listing(COURSE, Progress(fresh()), today=TODAY)
    assert listing.begins_with.id == TODAY[0]
    assert "Today: 15 and 16" in plain(list_head(listing, 80, UNICODE))
    rows = [line for line in plain(list_rows(listing, 80, UNICODE)[0]).splitlines() if "today" in line]
    assert [row.split()[0] for row in rows] == ["15", "16"]


def test_a_lesson_that_cannot_be_opened_is_listed_with_its_fault() -> None:
    broken = Broken("21-odd.md", (Problem("/x/21-odd.md", 3, "order = 0 will not do."),))
    listing = Listing(dataclasses.replace(COURSE, broken=(broken,)), Progress(fresh()))
    lines, owners = list_rows(listing, 80, UNICODE)
    assert lines[-1].plain.strip() == "! 21-odd.md:3: order = 0 will not do."
    assert top_row(owners, len(COURSE.lessons) - 1, 0, 10) == len(lines) - 10


async def test_a_first_start_in_a_class_goes_into_todays_lesson_and_the_drop_folder_knows_it(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    app = AdderApp(Settings(data_dir=tmp_path / "bo", assigned=("15", "16", "99"), pace=50, drop=drop))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "step 1 of", ": read", "15 ")
        assert app_of(pilot).controller.pace == 50
        await until(pilot, lambda: any(drop.glob("*-bo.txt")))
        (file,) = drop.glob("*-bo.txt")
        await until(pilot, lambda: TODAY[0] in read_export(file)[0]["lessons"])
        assert read_export(file)[1] == CourseMark(OWN_ID)
        await app.controller.close()
