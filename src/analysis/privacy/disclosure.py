"""Small numbers of people: which counts to leave out, so that none of them can be worked out from the rest.

A count of 1 to `smallest` − 1 people is left out (*primary* suppression). That alone hides nothing as long as
the counts add up to something that is shown, so further counts are left out with it (*complementary*
suppression). A reader is assumed to know

* everything that is published, and that counts are whole numbers, never negative;
* that the answers to an item add up to its base, and base and missing kinds to the group's submissions;
* that the kinds of unit add up to ``alla``;
* that the items of a multiple-choice question share their base, their missing kinds and their “don't know”.

What `suppress` then promises, for each count it leaves out:

1. it cannot be computed: at least two values are possible;
2. it cannot be known to lie within 1 to `smallest` − 1;
3. a small answer could be as large as `smallest`: the answers left out never add up to a small number of
   people. Where the table leaves room for it, this holds even for a reader who knows that an answer nobody
   gave would have been shown. (Only 1 and 2 hold in a group with fewer than `smallest` answers, for missing
   kinds, and for the “don't know” of a multiple-choice question: the base is worth more than hiding how many
   are outside it.)

Two things cannot be hidden by leaving out counts, and are not promised: a group's only count (a question with
a single value and no missing kind is the group's size), and what several questions, years or other
publications say together. `recoverable` is the same reader as a program: it reads what is published and
nothing else.

Decisions
---------
* **Zero** is shown. An answer nobody gave says nothing about one person among several, and hiding it would
  hide most of a table. A zero is left out only where its whole group is, and where a zero among the missing
  kinds is all it takes to hide another missing kind.
* **Everyone answers alike** (``n == base``) is shown when the base is at least `smallest`: it is a result
  about a group, not about one of few. Where the subject makes it harmful, a person must say so at approval.
* **Fewer than `smallest` answers** (``base`` from 1): every count of the (question, item, group) is left out,
  base and percentages too. A base of 0 is shown: there is nobody to protect.
* **The base** is shown as long as it can be. It is empty where it would give away a count, e.g. where a lone
  missing kind is the group's submissions minus the base; then the percentages, which would give the base
  away, are empty too, also beside counts that are shown.

The complementary counts are found as cheapest paths in the network that the sums make (each count is an edge
between two sums; a count can be changed unnoticed exactly if it lies on a cycle of hidden edges with room for
the change). See L. H. Cox, *Network models for complementary cell suppression*, JASA 90 (1995), 1453–1462.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.problems import InputError
from analysis.survey.instrument import CHOSEN

TOTAL: Final = "alla"
"""The group that the kinds of unit add up to."""

_KEY: Final = ["question", "item", "value", "group"]
_NEEDED: Final = (*_KEY, "n", "base", "percent")

Cell = int
"""A count that can be hidden: the position of a row, or beyond the rows, of a base."""
Sum = tuple[str, ...]
"""A sum that the counts must keep: a node of the network."""


def suppress(counts: pd.DataFrame, *, smallest: int, protected: pd.Series | Collection[str]) -> pd.DataFrame:
    """Leave out small counts of people, and the counts that would give them away.

    Parameters
    ----------
    counts : DataFrame
        One row for each (question, item, value, group), with at least the columns ``question, item, value,
        group, n, base, percent``. ``item`` may be empty. ``n`` of ``alla`` is the sum over the other groups,
        and the values that are no missing kind (``_dont_know`` is none) add up to ``base``. A row that is not
        there is a zero that readers know of: give the zeros, those of the missing kinds too, or more is lost.
    smallest : int
        The smallest count of people that may be shown, e.g. 5.
    protected : boolean Series or collection of str
        Which rows (one value for each row of `counts`) or which questions count people. The others are
        returned as they are.

    Returns
    -------
    DataFrame
        The same rows in the same order. ``n`` and ``base`` are Int64, empty where left out; ``percent`` is
        empty where ``n`` or ``base`` is, and keeps its type. New columns: ``suppressed`` (bool: ``n`` is left out) and
        ``suppression_rule`` ("" | "primary" | "complementary"; it is for the producer: published, it would
        tell which of two counts is the small one).

    Raises
    ------
    InputError
        If the table does not add up as described, so that nothing can be promised about it.

    Examples
    --------
    >>> counts = pd.DataFrame({
    ...     "question": "q1", "item": "", "value": ["a", "b", "c"], "group": "alla",
    ...     "n": [3, 9, 28], "base": 40, "percent": [7.5, 22.5, 70.0],
    ... })
    >>> suppress(counts, smallest=5, protected={"q1"})[["value", "n", "suppressed"]]
      value     n  suppressed
    0     a  <NA>        True
    1     b  <NA>        True
    2     c    28       False
    """
    _check_columns(counts)
    if smallest < 0:
        raise InputError.one("counts", f"smallest is {smallest}", "Give the smallest count that may be shown")
    covered = _covered_rows(counts, protected)
    keys = counts[_KEY].astype("string").fillna("").reset_index(drop=True)
    n = counts["n"].to_numpy(dtype=np.int64)
    base = counts["base"].to_numpy(dtype=np.int64)

    primary = np.zeros(len(counts), dtype=bool)
    hidden = np.zeros(len(counts), dtype=bool)
    hidden_base = np.zeros(len(counts), dtype=bool)
    for question in _questions(keys[covered], n, base):
        if question.has_small(smallest):
            question.hide_small(smallest)
            primary[list(question.rows_hidden())] = True
            question.hide_complements(smallest)
            hidden[list(question.rows_hidden())] = True
            hidden_base[list(question.rows_without_base())] = True

    published = counts.copy()
    published["n"] = pd.array(n, dtype="Int64")
    published["base"] = pd.array(base, dtype="Int64")
    published.loc[hidden, "n"] = pd.NA
    published.loc[hidden_base, "base"] = pd.NA
    published["percent"] = counts["percent"].mask(hidden | hidden_base)
    published["suppressed"] = hidden
    published["suppression_rule"] = np.where(primary, "primary", np.where(hidden, "complementary", ""))
    return published


def _check_columns(counts: pd.DataFrame) -> None:
    missing = [column for column in _NEEDED if column not in counts.columns]
    if missing:
        raise InputError.one("counts", f"the columns {', '.join(missing)} are missing", "Give all columns")
    for column in ("n", "base"):
        if counts[column].isna().any() or (counts[column] < 0).any():
            raise InputError.one(
                "counts", "a count is empty or negative", "Suppress complete counts, once", column=column
            )
    twice = counts.duplicated(_KEY)
    if twice.any():
        first = " / ".join(str(part) for part in counts.loc[twice, _KEY].iloc[0])
        raise InputError.one("counts", f"{first} is counted twice", "Give one row for each")


def _covered_rows(counts: pd.DataFrame, protected: pd.Series | Collection[str]) -> npt.NDArray[np.bool_]:
    """Return which rows belong to questions that count people."""
    if not isinstance(protected, pd.Series):
        return np.asarray(counts["question"].isin(set(protected)), dtype=bool)
    if len(protected) != len(counts) or not (protected.index == counts.index).all():
        raise InputError.one("counts", "protected has another index", "Give one value for each row")
    covered = np.asarray(protected, dtype=bool)
    both = set(counts["question"][covered]) & set(counts["question"][~covered])
    if both:
        raise InputError.one(
            "counts", f"only some rows of {min(both)!r} are protected", "Protect whole questions"
        )
    return covered


def is_missing_kind(value: str) -> bool:
    """Return whether a value says why there is no answer, and so stands outside the base.

    Examples
    --------
    >>> is_missing_kind("_not_answered"), is_missing_kind("_dont_know"), is_missing_kind("yes")
    (True, False, False)
    """
    return value.startswith("_") and value != "_dont_know"


# --- The network of sums ---


@dataclass(frozen=True)
class _Edge:
    """Counts that can only change together, as a flow from one sum to another.

    `lowest` is the smallest of the counts: as far as they can be lowered.
    """

    tail: Sum
    head: Sum
    cells: tuple[Cell, ...]
    lowest: int


class _Network:
    """The counts of one table as a network, in which a change that nobody notices is a circulation."""

    def __init__(self, edges: Iterable[_Edge], loss: Sequence[int]) -> None:
        self.edges = list(edges)
        self._loss = loss
        self._ends: dict[Sum, list[tuple[int, bool, Sum]]] = defaultdict(list)
        for i, edge in enumerate(self.edges):
            self._ends[edge.tail].append((i, True, edge.head))
            self._ends[edge.head].append((i, False, edge.tail))

    def cells_to_hide(
        self, target: _Edge, change: int, hidden: set[Cell], *, floor: int, zeros: bool
    ) -> set[Cell] | None:
        """Return what to hide so that `target` could as well be `change` higher (or lower, if negative).

        Parameters
        ----------
        target : _Edge
            One of the edges.
        change : int
            By how much it must be possible to change it.
        hidden : set of Cell
            What is hidden already, and costs nothing.
        floor : int
            How low the other counts may go in the reader's eyes (0, or 1 where hidden zeros are ruled out).
        zeros : bool
            Whether counts of 0 that are shown so far may be hidden.

        Returns
        -------
        set of Cell or None
            The cells besides `hidden`; None if no cells would do.
        """
        at = self.edges.index(target)
        room = [edge.lowest - min(floor, edge.lowest) for edge in self.edges]
        out_of_reach = {
            i
            for i, edge in enumerate(self.edges)
            if i == at or not (zeros or edge.lowest or hidden.issuperset(edge.cells))
        }
        ends = (target.head, target.tail) if change > 0 else (target.tail, target.head)
        chosen = set(hidden)
        left = abs(change)
        while left:
            path = self._cheapest_path(*ends, room, out_of_reach, chosen)
            if path is None:
                return None
            step = min([left, *(room[i] for i, raised in path if not raised)])
            for i, raised in path:
                room[i] += step if raised else -step
                chosen.update(self.edges[i].cells)
            left -= step
        return chosen - hidden

    def _cheapest_path(
        self, start: Sum, goal: Sum, room: Sequence[int], out_of_reach: set[int], hidden: set[Cell]
    ) -> list[tuple[int, bool]] | None:
        """Return the edges, and whether each is raised, on the path that hides least (Dijkstra)."""
        cost = {start: 0}
        came: dict[Sum, tuple[Sum, int, bool]] = {}
        queue = [(0, start)]
        while queue:
            so_far, node = heapq.heappop(queue)
            if node == goal:
                break
            if so_far > cost[node]:
                continue
            for i, raised, other in self._ends[node]:
                if i in out_of_reach or not (raised or room[i]):
                    continue
                total = so_far + sum(self._loss[c] for c in self.edges[i].cells if c not in hidden)
                if total < cost.get(other, total + 1):
                    cost[other] = total
                    came[other] = (node, i, raised)
                    heapq.heappush(queue, (total, other))
        if goal not in came:
            return None
        path = []
        node = goal
        while node != start:
            node, i, raised = came[node]
            path.append((i, raised))
        return path


# --- One question ---


@dataclass
class _Table:
    """Items that share a base (or one item), in all groups.

    Two networks keep its sums: the *frame* (missing kinds, base, values common to all items, and the rest of
    the answers) and, for each item, its own answers, which add up to that rest.
    """

    items: tuple[str, ...]
    groups: tuple[str, ...]
    rows: Mapping[tuple[str, str, str], Cell]
    bases: Mapping[tuple[str, str], Cell]
    size: Sequence[int]
    hidden: set[Cell]

    def __post_init__(self) -> None:
        values = sorted({value for item, _, value in self.rows if item in self.items})
        self.kinds = [group for group in self.groups if group != TOTAL]
        self.adds_up = TOTAL in self.groups and bool(self.kinds)
        self.missing = [value for value in values if is_missing_kind(value)]
        self.common = [v for v in values if len(self.items) > 1 and v == "_dont_know" and self._agree_on(v)]
        self.own = {
            item: [
                v
                for v in values
                if v not in self.missing
                and v not in self.common
                and any((item, g, v) in self.rows for g in self.groups)
            ]
            for item in self.items
        }
        self._loss = [count + 1 for count in self.size]

    def _agree_on(self, value: str) -> bool:
        return all(
            len({self.size[self.rows[i, g, value]] if (i, g, value) in self.rows else -1 for i in self.items})
            == 1
            for g in self.groups
        )

    def base(self, group: str) -> int:
        """Return how many answered."""
        return self.size[self.bases[self.items[0], group]]

    def cells(self, group: str) -> Iterator[Cell]:
        """Return every count of a group, and its bases."""
        for (item, where, _), cell in self.rows.items():
            if where == group and item in self.items:
                yield cell
        yield from (self.bases[item, group] for item in self.items)

    def _edge(self, group: str, column: Sum, row: Sum, cells: Sequence[Cell | None]) -> list[_Edge]:
        """Return the edge of a count between the sum over kinds and the sum within its group.

        There is no edge where a count is not in the table: it is known to be 0, and cannot change.
        """
        present = [cell for cell in cells if cell is not None]
        if not present or len(present) < len(cells):
            return []
        over_kinds = column if self.adds_up else ("anything",)
        ends = (row, over_kinds) if group == TOTAL else (over_kinds, row)
        return [_Edge(*ends, tuple(present), min(self.size[cell] for cell in present))]

    def frame_edges(self, group: str, value: str) -> list[_Edge]:
        """Return the edge of a missing kind, or of a value common to all items."""
        row = ("submissions", group) if value in self.missing else ("answers", group)
        # A missing kind that only some items list is a known 0 in the others.
        cells = [self.rows[i, group, value] for i in self.items if (i, group, value) in self.rows]
        return self._edge(group, ("value", value), row, cells)

    def base_edges(self, group: str) -> list[_Edge]:
        """Return the edge of the base."""
        ends = ("answers", group), ("submissions", group)
        tail, head = ends[::-1] if group == TOTAL else ends
        cells = tuple(self.bases[item, group] for item in self.items)
        return [_Edge(tail, head, cells, self.base(group))]

    def rest_edges(self, group: str, values: Mapping[str, str]) -> list[_Edge]:
        """Return the edge of all other answers, which change with one value in each item."""
        cells = [self.rows.get((item, group, value)) for item, value in values.items()]
        return self._edge(group, ("rest",), ("answers", group), cells)

    def own_edges(self, item: str, group: str, value: str) -> list[_Edge]:
        """Return the edge of one of an item's own answers."""
        cells = [self.rows.get((item, group, value))]
        return self._edge(group, ("value", item, value), ("rest", item, group), cells)

    def frame(self, values: Mapping[str, str]) -> _Network:
        """Return the network of the frame, where a change of the rest is one of `values` (item → value)."""
        edges: list[_Edge] = []
        for group in self.groups:
            for value in (*self.missing, *self.common):
                edges += self.frame_edges(group, value)
            edges += self.base_edges(group)
            edges += self.rest_edges(group, values)
        return _Network(edges, self._loss)

    def own_network(self, item: str) -> _Network:
        """Return the network of an item's own answers."""
        edges = [e for g in self.groups for v in self.own[item] for e in self.own_edges(item, g, v)]
        return _Network(edges, self._loss)

    def least_loss(self) -> dict[str, str]:
        """Return, for each item, the answer that costs least to hide in every group."""

        def loss(item: str, value: str) -> tuple[bool, int]:
            cells = [self.rows[item, g, value] for g in self.groups if (item, g, value) in self.rows]
            hides = sum(self._loss[cell] for cell in cells if cell not in self.hidden)
            return not any(self.size[cell] for cell in cells), hides

        return {i: min(own, key=lambda v: loss(i, v)) for i, own in self.own.items() if own}

    def most_given(self, group: str) -> dict[str, str]:
        """Return, for each item, the answer most often given in a group (or in its largest part)."""
        where = max(self.kinds, key=self.base) if group == TOTAL and self.kinds else group

        def given(item: str, value: str) -> int:
            cell = self.rows.get((item, where, value))
            return -1 if cell is None else self.size[cell]

        return {i: max(own, key=lambda v: given(i, v)) for i, own in self.own.items() if own}

    # --- What is hidden ---

    def is_too_few(self, group: str, smallest: int) -> bool:
        """Return whether so few answered that nothing of the group may be shown."""
        return 0 < self.base(group) < smallest

    def hide_small(self, smallest: int) -> None:
        """Hide what is small in itself."""
        for group in self.groups:
            too_few = self.is_too_few(group, smallest)
            bases = {self.bases[item, group] for item in self.items}
            for cell in self.cells(group):
                if too_few or (cell not in bases and 0 < self.size[cell] < smallest):
                    self.hidden.add(cell)

    def hide_complements(self, smallest: int) -> None:
        """Hide what else is needed for `suppress` to keep its promises.

        Whatever is hidden for the sake of another count changes with it, and needs nothing more.
        """
        small = frozenset(self.hidden)
        for group in self.groups:
            if self.is_too_few(group, smallest):
                self._blur_base(group, smallest)
        for group in self.groups:
            for value in (*self.missing, *self.common):
                for edge in self.frame_edges(group, value):
                    if small.issuperset(edge.cells):
                        self._blur_in_frame(edge, group, smallest)
        own = [
            (self.size[cell], item, group, value)
            for item in self.items
            for group in self.groups
            for value in self.own[item]
            if (cell := self.rows.get((item, group, value))) is not None and cell in small
        ]
        for _, item, group, value in sorted(own):
            self._blur_answer(item, group, value, smallest)

    def _try(
        self, network: _Network, edge: _Edge, change: int, *, floor: int = 0, zeros: bool = True
    ) -> bool:
        more = network.cells_to_hide(edge, change, self.hidden, floor=floor, zeros=zeros)
        if more is None:
            return False
        self.hidden |= more
        return True

    def _blur_base(self, group: str, smallest: int) -> None:
        """Let the base of a group with too few answers look larger, as far as there are others to answer."""
        others = sum(e.lowest for value in self.missing for e in self.frame_edges(group, value))
        change = min(smallest - self.base(group), others)
        if change:
            (edge,) = self.base_edges(group)
            self._try(self.frame(self.least_loss()), edge, change)

    def _blur_in_frame(self, edge: _Edge, group: str, smallest: int) -> None:
        """Let a missing kind, or a value common to all items, look like 0 (or like 1, if it is 0)."""
        if edge.lowest == 0:
            self._try(self.frame(self.most_given(group)), edge, 1)
        else:
            change = -edge.lowest if edge.lowest < smallest else -1
            self._try(self.frame(self.least_loss()), edge, change)

    def _blur_answer(self, item: str, group: str, value: str, smallest: int) -> None:
        """Let a hidden answer look as large as `smallest`; among too few answers like 0 (or like 1)."""
        (edge,) = self.own_edges(item, group, value)
        network = self.own_network(item)
        count = edge.lowest
        if not self.is_too_few(group, smallest):
            for floor, zeros in ((1, False), (0, False), (0, True)):
                if self._try(network, edge, smallest - count, floor=floor, zeros=zeros):
                    return
        change = -count or 1
        if self._try(network, edge, change):
            return
        # The item's other answers leave no room: change how many answered at all.
        values = (self.least_loss() if change > 0 else self.most_given(group)) | {item: value}
        for rest in self.rest_edges(group, values):
            self._try(self.frame(values), rest, max(change, -rest.lowest) or 1)


@dataclass
class _Question:
    """One question: its tables, and what is hidden of them."""

    rows: Mapping[tuple[str, str, str], Cell]
    bases: Mapping[tuple[str, str], Cell]
    size: Sequence[int]
    hidden: set[Cell]
    position: npt.NDArray[np.intp]

    def has_small(self, smallest: int) -> bool:
        """Return whether any count or base is small."""
        return any(0 < count < smallest for count in self.size)

    def tables(self) -> list[_Table]:
        """Return the items that share a base together, the others one by one."""
        items = tuple(sorted({item for item, _ in self.bases}))
        # A set of kinds, then their sum.
        groups = tuple(sorted({group for _, group in self.bases}, key=lambda g: (g == TOTAL, g)))
        together = [items] if self._share_base(items, groups) else [(item,) for item in items]
        return [
            _Table(
                part,
                tuple(g for g in groups if all((item, g) in self.bases for item in part)),
                self.rows,
                self.bases,
                self.size,
                self.hidden,
            )
            for part in together
        ]

    def _share_base(self, items: Sequence[str], groups: Sequence[str]) -> bool:
        """Return whether all items have the same base and missing kinds, as in a multiple-choice question.

        Where it is so by chance it does no harm to think that readers know it.
        """

        def outside_answers(item: str) -> dict[tuple[str, str], int]:
            missing = {
                (group, value): self.size[cell]
                for (i, group, value), cell in self.rows.items()
                if i == item and is_missing_kind(value) and self.size[cell]
            }
            return missing | {
                (group, ""): self.size[self.bases[item, group]]
                for group in groups
                if (item, group) in self.bases
            }

        first = outside_answers(items[0])
        return all(outside_answers(item) == first for item in items[1:])

    def hide_small(self, smallest: int) -> None:
        """Hide what is small in itself."""
        for table in self.tables():
            table.hide_small(smallest)

    def hide_complements(self, smallest: int) -> None:
        """Hide what would give it away."""
        for table in self.tables():
            table.hide_complements(smallest)

    def rows_hidden(self) -> Iterator[int]:
        """Return the positions of rows whose count is hidden."""
        return (int(self.position[cell]) for cell in self.hidden if cell < len(self.position))

    def rows_without_base(self) -> Iterator[int]:
        """Return the positions of rows whose base is hidden."""
        without = {block for block, cell in self.bases.items() if cell in self.hidden}
        return (
            int(self.position[cell])
            for (item, group, _), cell in self.rows.items()
            if (item, group) in without
        )


def _questions(
    keys: pd.DataFrame, n: npt.NDArray[np.int64], base: npt.NDArray[np.int64]
) -> Iterator[_Question]:
    """Return the questions of the table, checked to add up. The order of rows makes no difference."""
    for name, part in keys.sort_values(_KEY).groupby("question", sort=True):
        position = part.index.to_numpy()
        rows: dict[tuple[str, str, str], Cell] = {}
        bases: dict[tuple[str, str], Cell] = {}
        size = n[position].tolist()
        of_row = base[position].tolist()
        labels = zip(part["item"], part["group"], part["value"], strict=True)
        for cell, (item, group, value) in enumerate(labels):
            rows[item, group, value] = cell
            if (item, group) not in bases:
                bases[item, group] = len(size)
                size.append(of_row[cell])
            elif size[bases[item, group]] != of_row[cell]:
                raise _does_not_add_up(name, item, f"{group!r} has several bases")
        _check_sums(str(name), rows, bases, size)
        yield _Question(rows, bases, size, set(), position)


def _check_sums(
    question: str,
    rows: Mapping[tuple[str, str, str], Cell],
    bases: Mapping[tuple[str, str], Cell],
    size: Sequence[int],
) -> None:
    answered: dict[tuple[str, str], int] = dict.fromkeys(bases, 0)
    over_kinds: dict[tuple[str, str], int] = defaultdict(int)
    total: dict[tuple[str, str], int] = defaultdict(int)
    with_kinds = {item for item, group in bases if group != TOTAL} & {
        i for i, group in bases if group == TOTAL
    }
    for (item, group, value), cell in rows.items():
        if not is_missing_kind(value):
            answered[item, group] += size[cell]
        if item in with_kinds:
            (total if group == TOTAL else over_kinds)[item, value] += size[cell]
    for (item, group), cell in bases.items():
        if answered[item, group] != size[cell]:
            raise _does_not_add_up(
                question, item, f"{answered[item, group]} answers of {group!r} on a base of {size[cell]}"
            )
    for item, value in sorted(total.keys() | over_kinds.keys()):
        if total[item, value] != over_kinds[item, value]:
            what = f"{value!r} has {total[item, value]} in {TOTAL!r}, {over_kinds[item, value]} in its kinds"
            raise _does_not_add_up(question, item, what)


def _does_not_add_up(question: object, item: str, what: str) -> InputError:
    where = f"{question}[{item}]" if item else f"{question}"
    return InputError.one("counts", f"{where} does not add up: {what}", "Count all values of all groups")


# --- The reader ---


def recoverable(
    published: pd.DataFrame, *, smallest: int | None = None, submissions: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """Work out what can be worked out of the counts that are left out, as a reader could.

    For each question the sums are written down as linear equations, and for each missing count the smallest
    and the largest value that fit them are found by linear programming (simplex). What is returned can be
    worked out for certain; an empty table means that no single question gives a count away.

    Parameters
    ----------
    published : DataFrame
        As `suppress` returns it, or as it is published: ``question, item, value, group, n, base, percent``.
    smallest : int, optional
        The smallest count that may be shown. If given, counts that are known to lie within 1 to
        `smallest` − 1 are returned too.
    submissions : mapping of str to int, optional
        The number of submissions of each group. What is not given is taken from the questions of which
        everything is published.

    Returns
    -------
    DataFrame
        One row for each count that is given away, with the columns ``question, item, value, group, least,
        greatest`` (what it can be, equal if it is known).

    Raises
    ------
    InputError
        If no counts at all fit what is published.

    Examples
    --------
    >>> published = pd.DataFrame({
    ...     "question": "q1", "item": "", "value": ["a", "b", "c"], "group": "alla",
    ...     "n": pd.array([None, 9, 28], dtype="Int64"), "base": 40, "percent": [None, 22.5, 70.0],
    ... })
    >>> recoverable(published)[["value", "least", "greatest"]]
      value  least  greatest
    0     a      3         3
    """
    table = published[["n", "base", "percent"]].reset_index(drop=True).astype("Float64").astype("float64")
    table[_KEY] = published[_KEY].astype("string").fillna("").reset_index(drop=True)
    # A percentage is as good as what it was computed from.
    by_percent = (table["n"] * 100 / table["percent"]).where(table["percent"] > 0).round()
    table["base"] = table["base"].fillna(by_percent)
    table["base"] = table["base"].fillna(
        table.groupby(["question", "item", "group"])["base"].transform("max")
    )
    table["n"] = table["n"].fillna((table["percent"] * table["base"] / 100).round())
    known = _submissions(table) | dict(submissions or {})
    found = []
    unclear = table.loc[table["n"].isna(), "question"].unique()
    for question, part in table[table["question"].isin(unclear)].groupby("question", sort=True):
        found += [(question, *row) for row in _bounds_of_question(part, known)]
    bounds = pd.DataFrame(found, columns=["question", "item", "value", "group", "least", "greatest"])
    bounds = bounds.astype({"least": "Int64", "greatest": "Int64"})
    given_away = bounds["least"] == bounds["greatest"]
    if smallest is not None:
        given_away |= (bounds["least"] >= 1) & (bounds["greatest"] < smallest)
    return bounds[given_away.fillna(False)].reset_index(drop=True)


def _submissions(table: pd.DataFrame) -> dict[str, int]:
    """Return the number of submissions of the groups of which some item is published in full."""
    by_item = table.groupby(["question", "item", "group"])["n"]
    whole = by_item.sum()[by_item.count() == by_item.size()].groupby("group").agg(["min", "max"])
    # Where they differ, no number is known.
    return {str(group): int(low) for group, low, high in whole.itertuples() if low == high}


def _bounds_of_question(
    part: pd.DataFrame, submissions: Mapping[str, int]
) -> list[tuple[str, str, str, int, int | None]]:
    """Return (item, value, group, least, greatest) for each count of a question that is left out."""
    equations = _Equations()
    groups = sorted(part["group"].unique())
    kinds = [group for group in groups if group != TOTAL]
    for (item, group), block in part.groupby(["item", "group"]):
        count = {
            v: equations.term(x, item, group, v) for v, x in zip(block["value"], block["n"], strict=True)
        }
        base = equations.term(block["base"].iloc[0], item, group)
        answers = [term for value, term in count.items() if not is_missing_kind(value)]
        missing = [term for value, term in count.items() if is_missing_kind(value)]
        equations.add([*answers], [base])
        if group in submissions:
            equations.add([base, *missing], [submissions[group]])
    if TOTAL in groups and kinds:
        for item, value in {(item, value) for item, value in zip(part["item"], part["value"], strict=True)}:
            equations.add([equations.seen.get((item, g, value), 0) for g in kinds],
                          [equations.seen.get((item, TOTAL, value), 0)])  # fmt: skip
        for item in part["item"].unique():
            equations.add([equations.seen.get((item, g), 0) for g in kinds],
                          [equations.seen.get((item, TOTAL), 0)])  # fmt: skip
    if set(part["value"]) >= set(CHOSEN):
        items = sorted(part["item"].unique())
        shared = sorted({v for v in part["value"] if v not in CHOSEN})
        for one, other in pairwise(items):
            for group in groups:
                for key in [(group,), *((group, value) for value in shared)]:
                    if (one, *key) in equations.seen and (other, *key) in equations.seen:
                        equations.add([equations.seen[one, *key]], [equations.seen[other, *key]])
    least, greatest = equations.bounds()
    return [
        (key[0], key[2], key[1], round(least[i]), None if np.isinf(greatest[i]) else round(greatest[i]))
        for i, key in enumerate(equations.unknown)
        if len(key) == 3
    ]


class _Equations:
    """What is known about the counts of a question: sums of unknown and known terms that are equal."""

    def __init__(self) -> None:
        self.unknown: list[tuple[str, ...]] = []
        self.seen: dict[tuple[str, ...], int | tuple[str, ...]] = {}
        self._rows: list[tuple[dict[tuple[str, ...], int], int]] = []

    def term(self, count: float, *key: str) -> int | tuple[str, ...]:
        """Return the count, or its name if it is not known."""
        if np.isnan(count):
            self.unknown.append(key)
            self.seen[key] = key
        else:
            self.seen[key] = int(count)
        return self.seen[key]

    def add(self, left: Iterable[int | tuple[str, ...]], right: Iterable[int | tuple[str, ...]]) -> None:
        """Note that two sums are equal."""
        factors: dict[tuple[str, ...], int] = defaultdict(int)
        total = 0
        for sign, terms in ((1, left), (-1, right)):
            for term in terms:
                if isinstance(term, int):
                    total -= sign * term
                else:
                    factors[term] += sign
        if factors:
            self._rows.append((factors, total))

    def bounds(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the least and the greatest whole number that each unknown can be."""
        place = {key: i for i, key in enumerate(self.unknown)}
        matrix = np.zeros((len(self._rows), len(place)))
        totals = np.zeros(len(self._rows))
        for row, (factors, total) in enumerate(self._rows):
            totals[row] = total
            for key, factor in factors.items():
                matrix[row, place[key]] = factor
        simplex = _Simplex(matrix, totals)
        least = np.array([simplex.minimum(i, 1.0) for i in range(len(place))])
        greatest = np.array([-simplex.minimum(i, -1.0) for i in range(len(place))])
        return np.ceil(least - 1e-6), np.floor(greatest + 1e-6)


class _Simplex:
    """Smallest and largest values of single variables with ``matrix @ x == totals`` and ``x >= 0``.

    The tableau method with Bland's rule, which always ends. The first feasible corner is found once and kept
    for all objectives. (The project has no other use for a solver.)
    """

    _ZERO: Final = 1e-9

    def __init__(self, matrix: npt.NDArray[np.float64], totals: npt.NDArray[np.float64]) -> None:
        rows, self._width = matrix.shape
        sign = np.where(totals < 0, -1.0, 1.0)
        # Each equation begins with a variable of its own, which is then driven out.
        self._body = np.hstack([matrix * sign[:, None], np.eye(rows), (totals * sign)[:, None]])
        self._basis = np.arange(self._width, self._width + rows)
        objective = np.zeros(self._width + rows)
        objective[self._width :] = 1.0
        if self._minimise(objective, self._width + rows) > 1e-6:
            raise InputError.one(
                "published",
                "the counts contradict each other, or the numbers of submissions",
                "Give what suppress() returned, with all values of all questions",
            )
        for row in range(rows):
            if self._basis[row] >= self._width:
                usable = np.flatnonzero(np.abs(self._body[row, : self._width]) > self._ZERO)
                if usable.size:
                    self._pivot(row, int(usable[0]))
        needed = self._basis < self._width
        self._body = np.hstack([self._body[needed, : self._width], self._body[needed, -1:]])
        self._basis = self._basis[needed]

    def minimum(self, variable: int, sign: float) -> float:
        """Return the minimum of `sign` times a variable; −inf if there is none."""
        objective = np.zeros(self._width)
        objective[variable] = sign
        return self._minimise(objective, self._width)

    def _minimise(self, objective: npt.NDArray[np.float64], width: int) -> float:
        while True:
            reduced = objective - objective[self._basis] @ self._body[:, :width]
            entering = np.flatnonzero(reduced < -self._ZERO)
            if not entering.size:
                return float(objective[self._basis] @ self._body[:, -1])
            column = int(entering[0])
            rising = np.flatnonzero(self._body[:, column] > self._ZERO)
            if not rising.size:
                return float("-inf")
            ratio = self._body[rising, -1] / self._body[rising, column]
            ties = rising[ratio <= ratio.min() + self._ZERO]
            self._pivot(int(ties[np.argmin(self._basis[ties])]), column)

    def _pivot(self, row: int, column: int) -> None:
        self._body[row] /= self._body[row, column]
        others = np.arange(len(self._body)) != row
        self._body[others] -= np.outer(self._body[others, column], self._body[row])
        self._basis[row] = column
