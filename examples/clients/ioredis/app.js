// A small web service that keeps its state in Redis, with ioredis:
// PUT /keys/NAME writes, GET /keys/NAME reads. All that it knows of Redis comes
// from the platform's ConfigMap and Secret.
'use strict';

const http = require('node:http');
const { Redis } = require('ioredis');

const TIME_TO_LIVE = 3600; // seconds; what has none fills the memory
const MAX_VALUE = 1 << 20; // bytes

// connect makes the client, which connects by itself, and again.
function connect() {
  // snippet:begin
  const redis = new Redis({
    sentinels: [{ host: process.env.REDIS_SENTINEL_HOST, port: Number(process.env.REDIS_SENTINEL_PORT) }],
    name: process.env.REDIS_SENTINEL_MASTER,
    username: process.env.REDIS_USERNAME,
    password: process.env.REDIS_PASSWORD,
    // Off by default: without it a master that hangs, or goes on as one, is kept.
    failoverDetector: true,
    // A node that is gone answers nothing at all: give up on it early. Connecting
    // may take 10 s by default, an answer for ever.
    connectTimeout: 500,
    sentinelCommandTimeout: 500,
    commandTimeout: 2000,
    // Only this drops a connection that no longer answers.
    socketTimeout: 1500,
    // How long to wait before connecting again, in ms.
    retryStrategy: () => 100,
    sentinelRetryStrategy: () => 100,
    // Reconnect and repeat what a replica refused: it was the master before.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
    // Repeating SET does no harm. Set this to 0 if yours is an INCR or LPUSH,
    // which may have been applied when its answer got lost. null waits for ever.
    maxRetriesPerRequest: 3,
  });
  // ioredis gives up for good, whatever the strategies above say, when it hears of
  // a failover while it connects: have it begin again.
  redis.on('end', () => setTimeout(() => redis.connect().catch(() => {}), 100));
  // Without a listener each failed attempt prints a warning.
  redis.on('error', () => {});
  return redis;
  // snippet:end
}

const redis = connect();

async function body(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > MAX_VALUE) throw new Error('the value is too long');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function handle(request, response) {
  const answer = (status, text) => response.writeHead(status).end(text);
  // The probes ask only whether this process lives: a restart mends no Redis.
  if (request.url === '/healthz') return answer(200, 'OK\n');
  const key = request.url.replace(/^\/keys\//, '');
  try {
    if (request.method === 'PUT') {
      await redis.set(key, await body(request), 'EX', TIME_TO_LIVE);
      return answer(200, 'OK\n');
    }
    const value = await redis.getBuffer(key);
    return value === null ? answer(404, 'no such key\n') : answer(200, value);
  } catch (error) {
    return answer(503, `${error.message}\n`);
  }
}

http.createServer(handle).listen(process.env.PORT || 8080);
