"""Decides how late a customer is expected to pay: the median of what that customer did lately, as known on the day.

With few payments seen, the median is drawn towards that of the customer's group and of the whole client; how strongly
follows from how much customers differ from each other compared with how much each differs from itself. Nothing is used
that was not known on the day, and nothing of another client.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

LATELY, OF_GROUP, OF_ALL = 20, 200, 1000
"""How many payments speak for a customer, a group and all: habits change, so the newest count."""
ENOUGH = 20
"""Payments before anything is said at all."""
LEAST_PULL, MOST_PULL, OWN_SPREAD = 0.25, 20.0, 5
LEAST_SCALE = 0.5


@dataclass(frozen=True, slots=True)
class Habit:
    """What is expected of one customer, and from what."""

    days: float
    """Signed: how many days after the due date, the median case."""
    scale: float
    """How far this customer usually is from that, in days."""
    seen: int
    own_days: float | None
    group_days: float | None
    all_days: float

    @property
    def basis(self) -> str:
        """What the estimate rests on most: the customer, the group or all customers."""
        return "customer" if self.seen else "group" if self.group_days is not None else "all"


@dataclass
class _Recent:
    """The newest payments of one customer or group."""

    days: deque[int]
    middle: float = 0.0

    def add(self, days: int) -> None:
        self.days.append(days)
        self.middle = median(self.days)


def _recent(size: int) -> _Recent:
    return _Recent(deque(maxlen=size))


@dataclass
class Habits:
    """What has been learned of one client's customers so far."""

    customers: dict[str, _Recent] = field(default_factory=lambda: defaultdict(lambda: _recent(LATELY)))
    groups: dict[str, _Recent] = field(default_factory=lambda: defaultdict(lambda: _recent(OF_GROUP)))
    everybody: deque[int] = field(default_factory=lambda: deque(maxlen=OF_ALL))
    learned: int = 0
    _weighed_at: int = 0
    _pull: float = 1.0
    _all_days: float = 0.0
    _spread: float = 1.0

    def learn(self, customer: str, *, group: str, days: int) -> None:
        """A payment became known: so many days after its due date, or before it."""
        self.customers[customer].add(days)
        if group:
            self.groups[group].add(days)
        self.everybody.append(days)
        self.learned += 1

    def expected(self, customer: str, *, group: str) -> Habit | None:
        """What is expected of a customer now; nothing as long as too little was learned of anybody."""
        if self.learned < ENOUGH:
            return None
        if self.learned >= self._weighed_at * 1.02 + 1:
            self._weigh()
        usual, of_group = self._all_days, self.groups.get(group)
        if of_group:
            usual = _drawn(of_group.middle, len(of_group.days), towards=usual, pull=self._pull)
        own = self.customers.get(customer)
        group_days = of_group.middle if of_group else None
        if not own:
            return Habit(usual, max(LEAST_SCALE, self._spread), 0, None, group_days, self._all_days)
        seen = len(own.days)
        days = _drawn(own.middle, seen, towards=usual, pull=self._pull)
        off = sum(abs(each - days) for each in own.days)
        scale = max(LEAST_SCALE, (off + OWN_SPREAD * self._spread) / (seen + OWN_SPREAD))
        return Habit(days, scale, seen, own.middle, group_days, self._all_days)

    def _weigh(self) -> None:
        """How strongly few payments are drawn to the usual: own spread against the spread between customers."""
        self._weighed_at = self.learned
        self._all_days = median(self.everybody)
        self._spread = mean_off(self.everybody, self._all_days)
        known = [each for each in self.customers.values() if len(each.days) >= 3]
        if len(known) < 2:
            return
        within = sum(mean_off(each.days, each.middle) for each in known) / len(known)
        between = mean_off([each.middle for each in known], self._all_days)
        self._pull = MOST_PULL if not between else min(MOST_PULL, max(LEAST_PULL, (within / between) ** 2))


def median(values: Sequence[float]) -> float:
    """The middle one, or the mean of the two in the middle."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def mean_off(values: Sequence[float], middle: float) -> float:
    """How far values are from a middle, in the mean."""
    return sum(abs(each - middle) for each in values) / len(values)


def _drawn(own: float, count: int, *, towards: float, pull: float) -> float:
    return (count * own + pull * towards) / (count + pull)
