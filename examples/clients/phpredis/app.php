<?php
// A small web service that keeps its state in Redis, with phpredis:
// PUT /keys/NAME writes, GET /keys/NAME reads. All that it knows of Redis comes
// from the platform's ConfigMap and Secret. PHP forgets everything between two
// requests, so that each one asks Sentinel again.
declare(strict_types=1);

const TIME_TO_LIVE = 3600; // seconds; what has none fills the memory

// snippet:begin
// phpredis finds the master through Sentinel and knows no more of it: asking
// again after an error is left to its user.
function connect(): Redis
{
    // A node that is gone answers nothing at all: give up on it early, after
    // 0.5 s to connect and 1 s to wait for an answer. There is no time-out
    // unless one is given.
    $sentinel = new RedisSentinel(getenv('REDIS_SENTINEL_HOST'), (int) getenv('REDIS_SENTINEL_PORT'), 0.5, null, 0, 1);
    $master = $sentinel->getMasterAddrByName(getenv('REDIS_SENTINEL_MASTER'));
    if (!$master) {
        throw new RedisException('Sentinel names no master');
    }
    $redis = new Redis();
    // Never pconnect: a connection that outlives a request outlives its master.
    $redis->connect($master[0], (int) $master[1], 0.5, null, 0, 1);
    if (getenv('REDIS_PASSWORD')) {
        $redis->auth(array_values(array_filter([getenv('REDIS_USERNAME'), getenv('REDIS_PASSWORD')])));
    }
    return $redis;
}

// Repeating SET does no harm. Try once if yours is an INCR or LPUSH, which may
// have been applied when its answer got lost.
function ask(callable $command, int $attempts = 3): mixed
{
    while (true) {
        try {
            return $command(connect());
        } catch (RedisException $error) {
            if (--$attempts === 0) {
                throw $error;
            }
            usleep(100_000);
        }
    }
}
// snippet:end

function answer(int $status, string $body): void
{
    http_response_code($status);
    header('Content-Type: text/plain');
    echo $body;
}

function set(Redis $redis, string $name, string $value): string
{
    if ($redis->set($name, $value, ['EX' => TIME_TO_LIVE]) !== true) {
        // A refusal, such as READONLY, is no exception.
        throw new RedisException($redis->getLastError() ?? 'SET was refused');
    }
    return "OK\n";
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/healthz') {
    // The probes ask only whether this process lives: a restart mends no Redis.
    answer(200, "OK\n");
    return;
}
$name = substr($path, strlen('/keys/'));
$body = file_get_contents('php://input');
try {
    $value = $_SERVER['REQUEST_METHOD'] === 'PUT'
        ? ask(fn (Redis $redis) => set($redis, $name, $body))
        : ask(fn (Redis $redis) => $redis->get($name));
    $value === false ? answer(404, "no such key\n") : answer(200, $value);
} catch (RedisException $error) {
    answer(503, $error->getMessage() . "\n");
}
