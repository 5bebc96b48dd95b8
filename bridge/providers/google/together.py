"""What has to be asked for many objects, gathered into batches.

The requests for one object are written as a generator. It yields those that can be sent now, is given their answers,
and returns its outcome in the end. As many generators as fill a batch are kept going at once; where the server takes
no batches, they go one after another.
"""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import Generic, TypeVar

from bridge.errors import BridgeError, TemporaryError
from bridge.http import Answer
from bridge.providers.google.batch import MOST, Ask
from bridge.providers.google.client import Client
from bridge.providers.one_by_one import concerns_one_object

R = TypeVar("R")

_STALE = 412

Steps = Generator[Sequence[Ask], Sequence[Answer], R]
"""Each yield names at least one request. An answer that concerns the whole account ends the generator unheard."""


def together(client: Client, many: Sequence[Steps[R]], order: Sequence[int] = ()) -> Iterator[R | BridgeError]:
    """Yield one outcome for each generator, in their order, as they are known.

    ``order`` are the numbers of the generators as they are begun: those that take several turns had better be first, so
    that the others fill their batches. Raises what does not concern a single object, after the outcomes before it.
    """
    gathering = _Gathering(client, many, order or range(len(many)))
    for number in range(len(many)):
        yield gathering.outcome(number)


def alone(client: Client, steps: Steps[R]) -> R:
    """The outcome of one generator. Raises whatever error it is."""
    (outcome,) = together(client, [steps])
    if isinstance(outcome, BridgeError):
        raise outcome
    return outcome


def one(ask: Ask) -> Steps[Answer]:
    """The answer to a single request."""
    (answer,) = yield [ask]
    return answer


class _Gathering(Generic[R]):
    """``_waiting`` are requests that are not sent yet: the number of their generator, and their place in its turn.

    ``_doubtful`` are those of a batch whose answer said nothing: they may have been carried out all the same.
    """

    def __init__(self, client: Client, many: Sequence[Steps[R]], order: Sequence[int]) -> None:
        self._client = client
        self._many = many
        self._unbegun = deque(order)
        self._waiting: deque[tuple[int, int]] = deque()
        self._turns: dict[int, tuple[Sequence[Ask], list[Answer | None]]] = {}
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
        if isinstance(found, BridgeError) and not concerns_one_object(found):
            raise found
        return found

    def _round(self) -> None:
        """Send as much as one batch holds."""
        most = MOST if self._client.batches else 1
        while len(self._waiting) < most and self._unbegun:
            self._begin(self._unbegun.popleft())
        sent = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        if not sent:
            return
        asks = [self._turns[number][0][at] for number, at in sent]
        if len(asks) == 1:
            self._send_alone(sent[0], asks[0])
            return
        answers = self._client.batch(asks)
        if answers is None:  # and from now on they go one by one
            self._waiting.extendleft(reversed(sent))
            self._doubtful = frozenset(sent)
            return
        for (number, at), answer in zip(sent, answers, strict=True):
            self._hear(number, at, answer)

    def _send_alone(self, place: tuple[int, int], ask: Ask) -> None:
        try:
            answer = self._client.send(ask)
            if answer.status == _STALE and place in self._doubtful:
                text = "Nobody knows yet whether this was written."
                raise TemporaryError(text, remote=self._client.service.name)
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

    def _hear(self, number: int, at: int, answer: Answer) -> None:
        """Give a generator its answers, once it has all of this turn."""
        if number not in self._turns:
            return
        answers = self._turns[number][1]
        try:
            answers[at] = self._client.judged(answer)
            if all(each is not None for each in answers):
                del self._turns[number]
                self._take_turn(number, self._many[number].send([each for each in answers if each is not None]))
        except StopIteration as end:
            self._end(number, end.value)
        except BridgeError as error:
            self._end(number, error)

    def _take_turn(self, number: int, asks: Sequence[Ask]) -> None:
        self._turns[number] = (asks, [None] * len(asks))
        self._waiting.extend((number, at) for at in range(len(asks)))

    def _end(self, number: int, outcome: R | BridgeError) -> None:
        self._outcomes[number] = outcome
        self._turns.pop(number, None)
        self._waiting = deque(each for each in self._waiting if each[0] != number)
        self._many[number].close()
        if isinstance(outcome, BridgeError) and not concerns_one_object(outcome):
            self._broken = self._broken or outcome
