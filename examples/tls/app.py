"""A client that connects to the proxy with TLS, from the environment that the
connection ConfigMap and Secret give."""
import os

import redis

# snippet:begin
client = redis.Redis(
    host=os.environ["REDIS_HOST"],
    port=int(os.environ["REDIS_TLS_PORT"]),
    username=os.environ.get("REDIS_USERNAME"),
    password=os.environ["REDIS_PASSWORD"],
    ssl=True,
    ssl_ca_data=os.environ.get("REDIS_TLS_CA"),  # without it, the system's CAs
    ssl_check_hostname=True,
    socket_connect_timeout=1,
    socket_timeout=1,
)
# snippet:end
print("PONG" if client.ping() else "no answer")
