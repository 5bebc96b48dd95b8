"""What has to be asked for many objects, gathered into batches.

The requests for one object are written as a generator. It yields those that can be sent now, is given their answers,
and returns its outcome in the end. As many generators as fill a batch are kept going at once; where the server takes
no batches, they go one after another.
"""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import Generic, Protocol, TypeGuard, TypeVar

from bridge.errors import BridgeError, TemporaryError
from bridge.http import Answer
from bridge.providers.one_by_one import concerns_one_object

A = TypeVar("A")
R = TypeVar("R")
Asked_contra = TypeVar("Asked_contra", contravariant=True)

_STALE = 412

Steps = Generator[Sequence[A], Sequence[Answer], R]
"""Each yield names at least one request. An answer that concerns the whole account ends the generator unheard."""


class Batching(Protocol[Asked_contra]):
    """Sends requests of one account, many of them at once."""

    name: str

    @property
    def most(self) -> int:
        """How many requests a batch holds; 1 where the server takes none, as far as is known."""
        ...

    def send(self, ask: Asked_contra) -> Answer:
        """Send one request; the answer may be anything."""
        ...

    def batch(self, asks: Sequence[Asked_contra]) -> Sequence[Answer | BridgeError] | None:
        """Send requests at once; one answer for each, or why there is none.

        ``None``: not offered here, or not just now; then they are better sent one by one, and so are later ones.
        Raises what concerns the whole account.
        """
        ...

    def judged(self, answer: Answer) -> Answer:
        """An answer that may be read. Raises what concerns the whole account, and ``TemporaryError`` for nonsense."""
        ...


def together(client: Batching[A], many: Sequence[Steps[A, R]], order: Sequence[int] = ()) -> Iterator[R | BridgeError]:
    """Yield one outcome for each generator, in their order, as they are known.

    ``order`` are the numbers of the generators as they are begun: those that take several turns had better be first, so
    that the others fill their batches. Raises what does not concern a single object, after the outcomes before it. One
    that is turned away for a while has that as its outcome where what was sent with it is known; then it is raised.
    """
    gathering = _Gathering(client, many, order or range(len(many)))
    for number in range(len(many)):
        yield gathering.outcome(number)


def alone(client: Batching[A], steps: Steps[A, R]) -> R:
    """The outcome of one generator. Raises whatever error it is."""
    (outcome,) = together(client, [steps])
    if isinstance(outcome, BridgeError):
        raise outcome
    return outcome


def one(ask: A) -> Steps[A, Answer]:
    """The answer to a single request."""
    (answer,) = yield [ask]
    return answer


class _Gathering(Generic[A, R]):
    """``_waiting`` are requests that are not sent yet: the number of their generator, and their place in its turn.

    ``_doubtful`` are those of a batch whose answer said nothing: they may have been carried out all the same.
    """

    def __init__(self, client: Batching[A], many: Sequence[Steps[A, R]], order: Sequence[int]) -> None:
        self._client = client
        self._many = many
        self._unbegun = deque(order)
        self._waiting: deque[tuple[int, int]] = deque()
        self._turns: dict[int, tuple[Sequence[A], list[Answer | None]]] = {}
        self._outcomes: dict[int, R | BridgeError] = {}
        self._doubtful: frozenset[tuple[int, int]] = frozenset()
        self._broken: BridgeError | None = None

    def outcome(self, number: int) -> R | BridgeError:
        """Go on until an outcome is known. Raises what ends everything."""
        while number not in self._outcomes:
            if self._broken is not None:
                raise self._broken
            self._round()
        found = self._outcomes.pop(number)
        if _ends(found) and not (isinstance(found, TemporaryError) and not all(map(_ends, self._outcomes.values()))):
            raise found
        return found

    def _round(self) -> None:
        """Send as much as one batch holds."""
        most = self._client.most
        while len(self._waiting) < most and self._unbegun:
            self._begin(self._unbegun.popleft())
        sent = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        if not sent:
            return
        asks = [self._turns[number][0][at] for number, at in sent]
        if len(asks) == 1:
            self._send_alone(sent[0], asks[0])
            return
        try:
            answers = self._client.batch(asks)
        except BridgeError as error:
            self._broken = error
            return
        if answers is None:  # and from now on they go one by one
            self._waiting.extendleft(reversed(sent))
            self._doubtful = frozenset(sent)
            return
        for (number, at), answer in zip(sent, answers, strict=True):
            self._hear(number, at, answer)

    def _send_alone(self, place: tuple[int, int], ask: A) -> None:
        try:
            answer = self._client.send(ask)
            if answer.status == _STALE and place in self._doubtful:
                text = "Nobody knows yet whether this was written."
                raise TemporaryError(text, remote=self._client.name)
        except BridgeError as error:
            self._end(place[0], error)
            return
        self._hear(*place, answer)

    def _begin(self, number: int) -> None:
        try:
            self._take_turn(number, next(self._many[number]))
        except StopIteration as end:
            self._end(number, end.value)
        except BridgeError as error:
            self._end(number, error)

    def _hear(self, number: int, at: int, answer: Answer | BridgeError) -> None:
        """Give a generator its answers, once it has all of this turn."""
        if number not in self._turns:
            return
        answers = self._turns[number][1]
        try:
            if isinstance(answer, BridgeError):
                raise answer
            answers[at] = self._client.judged(answer)
            if all(each is not None for each in answers):
                del self._turns[number]
                self._take_turn(number, self._many[number].send([each for each in answers if each is not None]))
        except StopIteration as end:
            self._end(number, end.value)
        except BridgeError as error:
            self._end(number, error)

    def _take_turn(self, number: int, asks: Sequence[A]) -> None:
        self._turns[number] = (asks, [None] * len(asks))
        self._waiting.extend((number, at) for at in range(len(asks)))

    def _end(self, number: int, outcome: R | BridgeError) -> None:
        self._outcomes[number] = outcome
        self._turns.pop(number, None)
        self._waiting = deque(each for each in self._waiting if each[0] != number)
        self._many[number].close()
        if _ends(outcome):
            self._broken = self._broken or outcome


def _ends(outcome: object) -> TypeGuard[BridgeError]:
    """Whether an outcome ends everything."""
    return isinstance(outcome, BridgeError) and not concerns_one_object(outcome)
