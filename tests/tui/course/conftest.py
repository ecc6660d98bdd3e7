"""One engine session for the tests of this folder."""

from collections.abc import AsyncIterator

import pytest_asyncio

from adder_engine import Experiment
from adder_engine.session import Session


@pytest_asyncio.fixture
async def session() -> AsyncIterator[Session]:
    async with Session(Experiment().replace(epochs=0)) as session:
        yield session
