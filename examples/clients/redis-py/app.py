"""A small web service that keeps its state in Redis, with redis-py.

PUT /keys/NAME writes, GET /keys/NAME reads. All that it knows of Redis comes
from the platform's ConfigMap and Secret.
"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

TIME_TO_LIVE = 3600  # seconds; what has none fills the memory
MAX_VALUE = 1 << 20  # bytes


def connect():
    """Makes the client, which is safe for threads and connects when first used."""
    # snippet:begin
    service = (os.environ["REDIS_SENTINEL_HOST"], int(os.environ["REDIS_SENTINEL_PORT"]))
    # A node that is gone answers nothing at all, and there is no time-out
    # unless one is given.
    timeouts = {"socket_connect_timeout": 0.5, "socket_timeout": 1}
    # The Service hands each connection to one of the Sentinels: named three
    # times, it is asked again when that one does not answer.
    sentinel = Sentinel([service] * 3, sentinel_kwargs=timeouts)
    return sentinel.master_for(
        os.environ["REDIS_SENTINEL_MASTER"],
        username=os.environ.get("REDIS_USERNAME"),
        password=os.environ.get("REDIS_PASSWORD"),
        # Repeating SET does no harm. Leave retries out if yours is an INCR or
        # LPUSH, which may have been applied when its answer got lost. Once is
        # enough: an address that is gone is tried as often, too, before Sentinel
        # is asked again.
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError],
        **timeouts,
    )
    # snippet:end


class Handler(BaseHTTPRequestHandler):
    """Answers 200 only when Redis has."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are sent one by one
    client = connect()

    def do_PUT(self):
        value = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), MAX_VALUE))
        self.ask(lambda name: self.client.set(name, value, ex=TIME_TO_LIVE) and b"OK\n")

    def do_GET(self):
        if self.path == "/healthz":
            # The probes ask only whether this process lives: a restart mends
            # no Redis.
            return self.answer(200, b"OK\n")
        return self.ask(self.client.get)

    def ask(self, command):
        """Answers with what the command returns for the key in the path."""
        if not self.path.startswith("/keys/"):
            return self.answer(404, b"no such page\n")
        try:
            value = command(self.path[len("/keys/"):])
        except redis.RedisError as error:
            return self.answer(503, f"{type(error).__name__}: {error}\n".encode())
        return self.answer(404, b"no such key\n") if value is None else self.answer(200, value)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Logs no request."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ.get("PORT", 8080))), Handler).serve_forever()
