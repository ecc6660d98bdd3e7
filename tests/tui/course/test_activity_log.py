"""What counts as done, and of which run: deeds on a live engine."""

from pathlib import Path

import pytest

from adder_engine import Experiment
from adder_engine.experiment import CHANGEABLE, KEYS
from adder_engine.session import Session
from adder_tui.course.action_runner import ActionRunner
from adder_tui.course.activity_log import LoggedRun, _fixed
from adder_tui.course.attempt import LessonAttempt, completed
from adder_tui.course.expressions import Value, parse
from adder_tui.course.source import ActionError
from adder_tui.course.vocabulary import parse_action
from adder_tui.storage.progress import LessonRecord, QuizRecord
from tests.tui.course.lesson_file import STATION, small_lesson


class Doing:
    """A lesson entered on a session, its deeds, and what expressions say of them."""

    def __init__(self, session: Session, attempt: LessonAttempt) -> None:
        self.session, self.attempt, self.player = session, attempt, ActionRunner(session, attempt)

    async def do(self, *actions: str) -> None:
        for action in actions:
            await self.player.do(parse_action(action))

    async def value(self, text: str, **when: object) -> Value:
        named = {key.replace("__", "."): value for key, value in when.items()}
        return await self.attempt.value(self.session, parse(text), named or None)


@pytest.fixture
async def doing(session: Session, tmp_path: Path) -> Doing:
    doing = Doing(session, LessonAttempt(small_lesson(tmp_path)))
    await doing.player.enter()
    return doing


async def test_a_task_latches(doing: Doing) -> None:
    await doing.do("ask 30+70")
    assert [task.id for task in await doing.attempt.look(doing.session)] == [1]
    await doing.do("reset")
    assert await doing.attempt.look(doing.session) == ()
    assert doing.attempt.done == {1}


async def test_when_binds_a_check_to_runs_with_these_settings(doing: Doing) -> None:
    await doing.do("set training.lr=0.02", "run 3")
    assert await doing.value("run.epochs >= 3", training__lr=0.01) is None  # there was no such run
    assert await doing.value("run.epochs >= 3", training__lr=0.02) is True
    await doing.do("set training.lr=0.03")
    assert await doing.value("run.epochs >= 3", training__lr=0.02) is True  # an earlier run still counts
    assert await doing.value("ask(30, 70) > 0", training__lr=0.02) is None  # but what is now is another one's
    assert await doing.value("ask(30, 70) > 0", training__lr=0.03) is True
    assert await doing.value("run.epochs >= 0", training__lr=0.04) is None


async def test_an_earlier_run_that_fails_does_not_hide_the_one_at_hand(doing: Doing) -> None:
    await doing.do("run 3", "reset", "run 1")
    assert await doing.value("run.epochs == 1 and ask(12, 13) > -1000", training__lr=0.01) is True
    assert await doing.value("run.epochs == 7 and ask(12, 13) > -1000", training__lr=0.01) is False


async def test_a_setting_changed_on_the_way_makes_the_run_neither(doing: Doing) -> None:
    await doing.do("run 2", "change training.zero_grad=false", "run 1")
    assert await doing.value("run.epochs == 3") is True
    assert await doing.value("run.epochs == 3", training__zero_grad=False) is None
    assert await doing.value("run.epochs == 3", training__zero_grad=True) is None
    assert await doing.value("run.epochs == 3", training__lr=0.01) is True


async def test_a_setting_changed_before_the_first_update_is_the_runs_own(doing: Doing) -> None:
    await doing.do("change training.zero_grad=false", "run 3")
    assert await doing.value("run.epochs == 3", training__zero_grad=False) is True


async def test_a_change_that_was_taken_back_leaves_no_trace(doing: Doing) -> None:
    await doing.do("run 2", "change training.zero_grad=false")
    doing.attempt.activity.saw(await doing.session.undo())
    await doing.do("run 1")
    assert await doing.value("run.epochs == 3", training__zero_grad=True) is True


async def test_each_seed_and_each_new_start_is_a_run(doing: Doing) -> None:
    await doing.do("seed 43", "seed 42", "run 1", "reset")
    assert await doing.value("tried(42)") == 3
    assert await doing.value("tried(43)") == 1
    assert await doing.value("seeds_tried") == 2
    assert len(doing.attempt.activity.runs) == 4


async def test_a_snapshot_that_comes_late_is_left_out(doing: Doing) -> None:
    await doing.do("run 3")
    late = await doing.session.snapshot()
    await doing.do("reset")
    doing.attempt.activity.saw(late)
    assert await doing.value("run.epochs") == 0
    assert len(doing.attempt.activity.runs) == 2


async def test_sums_are_noted_with_the_run_that_they_were_asked_of(doing: Doing) -> None:
    await doing.do("ask 30+70", "set seed=43", "ask 3+7")
    assert await doing.value("asked(30, 70) and asked(3, 7)") is True
    assert await doing.value("asked(30, 70)", seed=43) is False
    assert await doing.value("asked(3, 7)", seed=43) is True
    assert await doing.value("asked(-3, 7)") is False


async def test_another_sum_that_comes_out_right_is_found(doing: Doing) -> None:
    await doing.do("set data.rows=[[30,70],[70,30],[-50,-50]]", "run 500", "ask 200+5")
    assert await doing.value("asked_right(0.5, 30, 70, 10)") is True
    assert await doing.value("asked_right(0.5, 30, 70, 1000)") is False


async def test_a_view_counts_for_the_run_that_it_was_looked_at_with_where_the_check_names_one(doing: Doing) -> None:
    await doing.do("open chart", "set training.lr=0.02", "run 1")
    assert await doing.value('opened("chart")') is True
    assert await doing.value('opened("chart")', training__lr=0.02) is True  # changed on the way: the same run
    await doing.do("seed 5")
    assert await doing.value('opened("chart")', seed=5) is False
    await doing.do("open chart")
    assert await doing.value('opened("chart")', seed=5) is True


async def test_the_losses_of_a_run_are_read_epoch_by_epoch(doing: Doing) -> None:
    await doing.do("set training.optimizer=sgd training.lr=5e-5", "run 2000")
    assert await doing.value("run.rises") == pytest.approx(999, abs=2)
    assert await doing.value("run.first_loss") == pytest.approx(9764.15, rel=1e-4)
    assert await doing.value("run.at(1) == run.first_loss and run.at(2000) == run.loss") is True
    assert await doing.value("run.lowest < run.highest and run.first_below(5000) == 2") in (True, False)
    assert await doing.value("run.exploded") is False
    assert await doing.value("run.at(2001)") is None


async def test_an_explosion_is_a_fact_of_its_run(doing: Doing) -> None:
    await doing.do("set training.optimizer=sgd training.lr=2e-4", "run 50")
    assert await doing.value("run.exploded") is True
    await doing.do("set training.lr=1e-5")
    assert await doing.value("run.exploded") is False
    assert await doing.value("run.exploded and run.epochs < 20", training__lr=2e-4) is True


async def test_a_run_that_blew_up_is_counted_as_the_state_line_counts_it(doing: Doing) -> None:
    await doing.do("set training.optimizer=sgd training.lr=2e-4", "run 50")
    snapshot = doing.attempt.activity.snapshot
    assert snapshot is not None
    assert await doing.value("run.epochs") == snapshot.epoch == 3


async def test_a_step_back_leaves_what_the_run_has_reached(doing: Doing) -> None:
    await doing.do("run 5", "step back")
    assert await doing.value("updates == 4 and run.updates == 5") is True


async def test_errors_are_said_in_units_of_sums(doing: Doing) -> None:
    await doing.do("set data.kind=uniform data.count=100 data.scale=500 training.lr=0.1", "run 3")
    train, test = await doing.value("run.train_rmse"), await doing.value("run.test_rmse")
    assert isinstance(train, float)
    assert isinstance(test, float)
    assert train > 1 < test
    assert await doing.value("run.best_test_rmse <= run.test_rmse") is True
    await doing.do("set training.loss=mae", "run 1")
    assert await doing.value("run.train_rmse") is None


async def test_a_nudge_and_a_measured_slope_change_nothing(doing: Doing) -> None:
    before = await doing.session.snapshot()
    await doing.do("nudge output.bias 1", "nudge output.bias -1", "gradcheck output.bias")
    assert (await doing.session.snapshot()).version == before.version
    assert await doing.value("nudged('output.bias', 1) and nudged('output.bias[0]', -1)") is True
    assert await doing.value("nudge_loss('output.bias', 1)") == pytest.approx(9567.53, rel=1e-4)
    assert await doing.value("gradcheck('output.bias', 1) < 1e-3") is True
    assert await doing.value("gradcheck('output.bias', 1e-6) > 0.05") is True
    assert await doing.value("estimate('output.bias', 1)") == pytest.approx(-197.63, rel=1e-3)
    assert await doing.value("nudged('hidden.bias[0]', 1)") is False
    assert await doing.value("gradcheck('hidden.bias[0]', 1) < 1") is None


async def test_numbers_set_by_hand_are_counted_for_their_run(doing: Doing) -> None:
    await doing.do("edit output.bias 2", "edit hidden.weight[2,0] 0.5")
    assert await doing.value("edits") == 2
    assert await doing.value("value('output.bias')") == 2
    assert await doing.value("value('hidden.weight[2, 0]')") == 0.5
    assert await doing.value("value('hidden.weight[9,0]')") is None
    await doing.do("seed 43")
    assert await doing.value("edits") == 0


async def test_steps_go_phase_by_phase(doing: Doing) -> None:
    assert await doing.value("grad('output.bias')") is None
    await doing.do("step backward")
    assert await doing.value("grad('output.bias')") == pytest.approx(-197.627, rel=1e-4)
    assert await doing.value("error(2, 1)") == pytest.approx(-76.287, rel=1e-3)
    assert await doing.value("updates") == 0
    await doing.do("step step")
    assert await doing.value("updates") == 1
    assert await doing.value("epochs") == 1


async def test_settings_are_words_numbers_and_truths(doing: Doing) -> None:
    assert await doing.value("cfg('network.layers')") == "2-4-4-1"
    assert await doing.value("cfg('training.optimizer') == 'adam' and cfg('training.zero_grad') == true") is True
    assert await doing.value("cfg('data.rows') == run.examples and 0.005 < cfg('training.lr') <= 0.01") is True
    assert await doing.value("cfg('nothing') == 1") is None


async def test_cards_count_where_they_may_lie(doing: Doing) -> None:
    await doing.do("sort one right", "sort two right")
    assert await doing.value("sorted") == 1
    await doing.do("sort one left")
    assert await doing.value("sorted") == 2


async def test_benches_are_noted_with_their_arguments(doing: Doing) -> None:
    await doing.do('bench matmul "1x2 4x2"')
    assert await doing.value("did('matmul')") is True
    assert await doing.value("did('matmul', '1x2 4x2')") is True
    assert await doing.value("did('matmul', '1x2 2x4')") is False


async def test_a_prediction_stays_as_it_was_locked_in(doing: Doing) -> None:
    await doing.do("predict first b", "predict first a")
    assert doing.attempt.activity.predictions == {"first": "b"}
    assert await doing.value("predicted('first')") is True


async def test_a_station_begins_a_run_of_its_own(session: Session, tmp_path: Path) -> None:
    doing = Doing(session, LessonAttempt(small_lesson(tmp_path, STATION)))
    await doing.player.enter()
    await doing.do("set training.lr=0.02", "run 2", "station wide", "run 1")
    assert (
        await doing.value('cfg("network.layers") == "2-8-1" and run.epochs == 1 and cfg("training.lr") == 0.01') is True
    )
    assert await doing.value("parameters") == 33
    assert await doing.value("parameters + run.epochs", training__lr=0.02) == 39  # an earlier run's, too
    with pytest.raises(ActionError, match="There is no station 'narrow' in this lesson"):
        await doing.do("station narrow")


async def test_what_cannot_be_done_is_said_with_the_action(doing: Doing) -> None:
    with pytest.raises(ActionError, match=r"'edit output\.bais 1' cannot be done: There is no parameter"):
        await doing.do("edit output.bais 1")


async def test_a_lesson_is_entered_with_30_and_70_as_the_sum(doing: Doing) -> None:
    await doing.do("ask 3+5")
    await doing.player.enter()
    assert await doing.value("out(1, 1)") == pytest.approx(57.925, rel=1e-4)


async def test_what_was_said_by_an_earlier_run_can_be_quoted(doing: Doing) -> None:
    await doing.do("set seed=43", "ask 30+70", "set seed=44", "ask 30+70")
    assert await doing.value("said(30, 70)", seed=43) == pytest.approx(-2.6361, abs=1e-4)
    assert await doing.value("abs(said(30, 70) - ask(30, 70)) < 1e-3") is True
    assert await doing.value("said(1, 2)") is None


async def test_an_attempt_goes_on_from_what_was_kept(session: Session, tmp_path: Path) -> None:
    record = LessonRecord(tasks=(1, 9), prediction={"first": "a"}, best={"quick": 2.0})
    attempt = LessonAttempt(small_lesson(tmp_path), record)
    assert attempt.done == {1}
    assert not attempt.all_done
    doing = Doing(session, attempt)
    await doing.player.enter()
    await doing.do("run 3")
    assert [task.id for task in await attempt.look(session)] == [2]
    assert attempt.all_done


def test_a_lesson_is_completed_by_predictions_tasks_and_quiz(tmp_path: Path) -> None:
    lesson, quiz = small_lesson(tmp_path), QuizRecord(1, True)
    assert completed(lesson, LessonRecord(tasks=(1, 2), prediction={"first": "a"}, quiz=quiz))
    assert not completed(lesson, LessonRecord(tasks=(1, 2), prediction={"first": "a"}))
    assert not completed(lesson, LessonRecord(tasks=(1,), prediction={"first": "a"}, quiz=quiz))
    assert not completed(lesson, LessonRecord(tasks=(1, 2), quiz=quiz))


async def test_a_challenge_keeps_the_best_score(doing: Doing) -> None:
    await doing.do("run 3")
    assert len(await doing.attempt.look_at_challenges(doing.session)) == 1
    await doing.do("reset", "run 1")
    await doing.attempt.look_at_challenges(doing.session)
    await doing.do("run 1")
    assert await doing.attempt.look_at_challenges(doing.session) == ()
    assert doing.attempt.best == {"quick": 1}


def test_what_begins_a_new_run_is_what_cannot_change_during_one() -> None:
    other = {"seed": 1, "network.layers": [2, 1], "network.activation": "relu", "network.init": "zeros",
             "network.dropout": 0.1, "network.output_activation": "relu", "data.test_share": 0.5,
             "data.target_scale": 5.0, "data.task": "product", "data.count": 5, "data.low": 0.0, "data.high": 1.0,
             "data.noise": 1.0, "data.scale": 2.0, "data.draw_first": True, "data.test_count": 1, "data.test_every": 2,
             "data.kind": "rows", "training.flat_target": True}  # fmt: skip
    base = Experiment().replace(**{"data.count": 10, "data.rows": [[1, 2], [3, 4]]})
    assert {key.name for key in KEYS} - CHANGEABLE == {*other, "data.rows"}
    for key, value in other.items():
        assert _fixed(base.replace(**{key: value})) != _fixed(base), key
    assert LoggedRun([(0, base)]).experiment == base
