// A small web service that keeps its state in Redis, with node-redis:
// PUT /keys/NAME writes, GET /keys/NAME reads. All that it knows of Redis comes
// from the platform's ConfigMap and Secret.
'use strict';

const http = require('node:http');
const { createSentinel } = require('redis');

const TIME_TO_LIVE = 3600; // seconds; what has none fills the memory
const MAX_VALUE = 1 << 20; // bytes
const PATIENCE = 3000; // how long a caller of this service waits at most, in ms

function createClient() {
  // snippet:begin
  return createSentinel({
    name: process.env.REDIS_SENTINEL_MASTER,
    sentinelRootNodes: [{ host: process.env.REDIS_SENTINEL_HOST, port: Number(process.env.REDIS_SENTINEL_PORT) }],
    // A node that is gone answers nothing at all: give up on it early. Connecting
    // may take 5 s by default, an answer for ever. A socket that is silent for
    // its time-out is closed, so that an idle one has to ping.
    nodeClientOptions: {
      username: process.env.REDIS_USERNAME,
      password: process.env.REDIS_PASSWORD,
      socket: { connectTimeout: 500, socketTimeout: 1500 },
      pingInterval: 500,
    },
    sentinelClientOptions: { socket: { connectTimeout: 500, socketTimeout: 1500 }, pingInterval: 500 },
    commandOptions: { timeout: 2000 },
    // Ask the Sentinels now and then, in ms: off by default, and an announcement
    // may be missed.
    scanInterval: 1000,
    // Repeating SET does no harm. Set this to 0 if yours is an INCR or LPUSH,
    // which may have been applied when its answer got lost. It is also how often
    // the Sentinels are asked for a master, a second apart.
    maxCommandRediscovers: 3,
  });
  // snippet:end
}

// connect tries until Redis can be reached: the network lets a new Pod in a
// moment after its start.
async function connect() {
  for (;;) {
    const client = createClient();
    // Without a listener an error ends the process.
    client.on('error', () => {});
    try {
      return await client.connect();
    } catch (error) {
      console.error(error.message);
      client.destroy();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

let redis;
connect().then((client) => { redis = client; });

// within gives up on a command: its own time-out does not count while the client
// looks for a master.
function within(command) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(reject, PATIENCE, new Error('no answer in time')); });
  return Promise.race([command, late]).finally(() => clearTimeout(timer));
}

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
  if (!redis) return answer(503, 'not connected to Redis yet\n');
  const key = request.url.replace(/^\/keys\//, '');
  try {
    if (request.method === 'PUT') {
      await within(redis.set(key, await body(request), { EX: TIME_TO_LIVE }));
      return answer(200, 'OK\n');
    }
    const value = await within(redis.get(key));
    return value === null ? answer(404, 'no such key\n') : answer(200, value);
  } catch (error) {
    return answer(503, `${error.message}\n`);
  }
}

http.createServer(handle).listen(process.env.PORT || 8080);
