"""
How fast a number sends: a token bucket of messages_per_second, shared by all workers through Redis, or by the threads
of this process when there is no Redis. A micro-batch takes its tokens at once, so the cost per message is small.
"""

import threading
import time
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings

from whatsapp.models import WhatsAppNumber

#: Takes a number's id, its rate, the capacity of its bucket, how many tokens are wanted and how many stay reserved;
#: returns how many are granted.
Bucket = Callable[[int, int, float, int, float], int]

#: A bucket holds what is sent in this many seconds.
DEPTH = 0.25

#: The part of a bucket that bulk sending leaves to replies.
SHARE_FOR_REPLIES = 0.2

#: Seconds to wait for Redis.
REDIS_TIMEOUT = 5

# Takes up to ARGV[3] tokens, none of the last ARGV[4] (gives them back when negative); time is Redis's, so that
# machines need not agree.
LUA_TAKE = """
local rate, capacity, wanted, reserved = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local passed = math.max(0, now - (tonumber(bucket[2]) or now))
local tokens = math.min(capacity, (tonumber(bucket[1]) or capacity) + passed * rate)
local granted = math.min(wanted, math.max(0, math.floor(tokens - reserved)))
redis.call('HSET', KEYS[1], 'tokens', tostring(math.min(capacity, tokens - granted)), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], 60000)
return granted
"""


def take(number: WhatsAppNumber, wanted: int, is_bulk: bool = False) -> int:
    """How many of `wanted` messages may go out through the number now. Bulk sending leaves some to replies."""
    capacity = max(1, number.messages_per_second * DEPTH)
    reserved = min(capacity * SHARE_FOR_REPLIES, capacity - 1) if is_bulk else 0
    bucket = _redis_bucket() if settings.REDIS_URL else _process_bucket
    return bucket(number.pk, number.messages_per_second, capacity, wanted, reserved)


def give_back(number: WhatsAppNumber, unused: int) -> None:
    """Return the tokens of messages that were not sent after all."""
    take(number, -unused)


@lru_cache
def _redis_bucket() -> Bucket:
    # Its client is imported where there is a Redis.
    import redis

    server = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=REDIS_TIMEOUT, socket_timeout=REDIS_TIMEOUT
    )
    script = server.register_script(LUA_TAKE)
    return lambda key, *arguments: int(script(keys=[f"whatsapp:rate:{key}"], args=arguments))


_lock = threading.Lock()
_buckets: dict[int, tuple[float, float]] = {}


def _process_bucket(key: int, rate: int, capacity: float, wanted: int, reserved: float) -> int:
    with _lock:
        now = time.monotonic()
        tokens, at = _buckets.get(key, (capacity, now))
        tokens = min(capacity, tokens + (now - at) * rate)
        granted = min(wanted, max(0, int(tokens - reserved)))
        _buckets[key] = (min(capacity, tokens - granted), now)
        return granted
