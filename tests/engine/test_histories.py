"""A number, its tensor and the gradients of all layers over a whole run."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from adder_engine.analysis.results import Query, RunHistories
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.session import Session


async def histories(session: Session, *arguments: int) -> RunHistories:
    (found,) = session.together(Query("histories", arguments)).answers
    return cast("RunHistories", await found)


@pytest.mark.parametrize("batch_size", [0, 32])
async def test_histories_are_what_the_run_was_to_the_bit(batch_size: int) -> None:
    experiment = Experiment.preset("many-pairs").replace(**{"training.batch_size": batch_size, "data.count": 320})
    async with Session(experiment) as session:
        await session.step("10 epochs")
        await session.edit("hidden.weight", (1, 2), 0.75)
        await session.step("10 epochs")
        now = await session.step("update")
        index = 5
        found = await histories(session, index, 12, 10)
        assert found.tensor == "input.weight"
        assert found.updates[0] == 0
        assert found.updates[-1] == now.moment.update
        assert np.isnan(found.number[0, 1])
        assert np.isnan(found.norms[0]).all()
        assert np.array_equal(found.number[-1], now.state[:, index])
        assert np.allclose(found.values.sum(axis=0), 1)
        assert (await session.snapshot()).moment == now.moment
        at = {}
        await session.home()
        while (there := await session.snapshot()).moment.update < now.moment.update:
            at[there.moment.update] = there.state
            if (await session.step("update")).moment == there.moment:
                break
        for k, update in enumerate(found.updates.tolist()[1:-1], 1):
            assert np.array_equal(found.number[k], at[update][:, index])
            assert found.norms[k, 0] == pytest.approx(np.linalg.norm(at[update][1, :12].astype(float)), rel=1e-6)


async def test_histories_of_an_untrained_run_and_of_no_parameter() -> None:
    async with Session(Experiment.preset("one-pair")) as session:
        found = await histories(session, 0, 100, 8)
        assert found.updates.tolist() == [0]
        for wrong in ((99, 100, 8), (0, 1, 8), (0, 100, 1_000)):
            with pytest.raises(RequestError):
                await histories(session, *wrong)
            assert (await session.snapshot()).status == "paused", "what cannot be had does not end the session"
