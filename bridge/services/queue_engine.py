"""huey as the queue's engine: over an SQLite file, or over Redis."""

import json
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import redis
from huey import PriorityRedisHuey, SqliteHuey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer

NAME = "davbridge"
FAILURES = (sqlite3.Error, redis.RedisError, OSError)
"""What a queue that is out of reach raises."""

_SQLITE = "sqlite:///"
_PATIENCE = 10  # seconds to wait for another writer of the SQLite file, or for the Redis server


class Threads(Consumer):  # type: ignore[misc] # huey has no types
    """huey's threads, in a process that handles its signals itself."""

    def _set_signal_handlers(self) -> None:
        pass


def open_queue(address: str) -> Any:
    """Open a queue. Results are not kept: what became of a run is in the database."""
    options: dict[str, Any] = {"results": False, "serializer": JsonSerializer()}
    if not address.startswith(_SQLITE):
        pool = redis.ConnectionPool.from_url(address, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE)
        return PriorityRedisHuey(NAME, connection_pool=pool, **options)
    file = Path(address.removeprefix(_SQLITE))
    file.parent.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(NAME, filename=str(file), timeout=_PATIENCE, **options)


def close(queue: Any) -> None:
    """Let go of the file or the server."""
    if isinstance(queue, SqliteHuey):
        queue.storage.close()
    else:
        queue.storage.pool.disconnect()


class JsonSerializer(Serializer):  # type: ignore[misc] # huey has no types
    """Orders as JSON, not as pickles: whoever can write to the queue can ask for runs, and for nothing else."""

    def _serialize(self, data: Message) -> bytes:
        eta = data.eta.isoformat() if data.eta else None
        return json.dumps([data.id, data.name, eta, data.priority, data.args]).encode()

    def _deserialize(self, data: bytes) -> Message:
        id_, name, eta, priority, arguments = json.loads(bytes(data))
        moment = datetime.fromisoformat(eta) if eta else None
        return Message(id_, name, moment, retries=0, retry_delay=0, priority=priority, args=arguments, kwargs={})
