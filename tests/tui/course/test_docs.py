"""docs/lessons.md says what is so: its lesson can be copied and played, its table has every key."""

import re
from pathlib import Path

from adder_engine.experiment import KEYS
from adder_engine.session import Session
from adder_tui.cli import main as cli
from adder_tui.course.authoring import check_course, groups, measure, try_solution
from adder_tui.course.class_file import ClassFile
from adder_tui.course.vocabulary import BENCHES, PATTERNS, VIEWS, WORDS

TEXT = (Path(__file__).parents[3] / "docs" / "lessons.md").read_text(encoding="utf-8")


async def test_the_lesson_to_copy_is_a_course_with_which_nothing_is_wrong(tmp_path: Path, session: Session) -> None:
    lesson = re.search(r"````markdown\n(.*?)````", TEXT, re.DOTALL)
    head = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert lesson is not None
    assert head is not None
    (tmp_path / "01-twice.md").write_text(lesson[1], encoding="utf-8")
    (tmp_path / "course.toml").write_text(head[1], encoding="utf-8")
    course, problems = check_course(tmp_path)
    assert problems == []
    assert course is not None
    (twice,) = course.lessons
    assert [wrong async for wrong in try_solution(session, twice)] == []
    assert [wrong for figures in groups(twice) for wrong in await measure(session, twice, figures)] == []


def test_every_word_of_lessons_is_told() -> None:
    for key in KEYS:
        assert f"| `{key.name}` |" in TEXT, key.name
        assert f"| {key.range} | {key.meaning} |" in TEXT, key.name
    for word in (*VIEWS, *BENCHES, *PATTERNS, *(name.partition(".")[2] or name for name in WORDS)):
        assert re.search(rf"[`(\"]([a-z. /]+ )?(run\.|map\.)?{re.escape(word)}\b", TEXT), word


def test_the_class_file_that_is_shown_has_every_key(tmp_path: Path) -> None:
    shown = re.search(r'```toml\n(course = "/srv.*?)```', TEXT, re.DOTALL)
    assert shown is not None
    (tmp_path / "class.toml").write_text(shown[1].replace("/srv/class/course", "."), encoding="utf-8")
    keys = {line.split(" ")[0] for line in shown[1].splitlines()}
    assert keys == set(ClassFile.__dataclass_fields__) - {"file"}
    assert cli.main(["lessons", "check", str(tmp_path / "class.toml")]) == 1  # the folder has no course
