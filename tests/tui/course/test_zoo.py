"""What the lesson on other learners states of those that are not in the program: computed again with scikit-learn."""

import re

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.tree import DecisionTreeRegressor

from adder_engine.training.trainer import Trainer
from adder_tui.course.course import read_course

ZOO = read_course().by_id["the-zoo"]
SUMS = Trainer(ZOO.experiment)
PAIRS = SUMS.inputs.T.astype(float)


def stated(pattern: str) -> tuple[float, ...]:
    """The numbers that the lesson's text gives where the pattern's groups are."""
    text = " ".join(ZOO.screen_text.split())
    match = re.search(pattern, text)
    assert match is not None, pattern
    return tuple(float(number.replace("−", "-")) for number in match.groups())


NUMBER = r"(−?\d+(?:\.\d+)?)"


def test_the_trees_answers_are_those_of_a_tree_of_depth_8() -> None:
    tree = DecisionTreeRegressor(max_depth=8, random_state=0).fit(PAIRS, SUMS.targets.astype(float))
    asked = np.array([[30.0, 70.0], [3.0, 7.0], [-330000.0, 30000.0]])
    row = stated(rf"\| decision tree \| {NUMBER} \| {NUMBER} \| {NUMBER} \|")
    assert tree.predict(asked) == pytest.approx(row, abs=0.02)
    assert stated(rf"the tree {NUMBER}\.") == (row[2],)
    held_out = SUMS.dataset.test_inputs.astype(float)
    rmse = np.sqrt(np.mean((tree.predict(held_out) - held_out.sum(axis=1)) ** 2))
    assert stated(rf"The tree is typically off by {NUMBER}\.") == (pytest.approx(rmse, abs=0.02),)


def test_whatever_the_lesson_cites_is_computed_here() -> None:
    tree, shares = (one.values for one in ZOO.cited)
    row = stated(rf"\| decision tree \| {NUMBER} \| {NUMBER} \| {NUMBER} \|")
    assert tree == (*row, *stated(rf"The tree is typically off by {NUMBER}\."))
    assert shares == stated(rf"hold {NUMBER} % and {NUMBER} % of the spread")


def test_the_groups_of_k_means_lie_in_the_corners() -> None:
    (reach,) = stated(r"around ±(\d+)")
    found = KMeans(4, n_init=10, random_state=0).fit(PAIRS).cluster_centers_
    corners = {tuple(np.sign(centre)) for centre in found}
    assert corners == {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    assert np.abs(found) == pytest.approx(np.full((4, 2), reach), abs=12)


def test_no_direction_of_the_pairs_can_be_left_out() -> None:
    shares = sorted(stated(rf"hold {NUMBER} % and {NUMBER} % of the spread"))
    assert sorted(100 * PCA().fit(PAIRS).explained_variance_ratio_) == pytest.approx(shares, abs=0.06)
