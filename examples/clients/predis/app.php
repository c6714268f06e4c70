<?php
// A small web service that keeps its state in Redis, with Predis:
// PUT /keys/NAME writes, GET /keys/NAME reads. All that it knows of Redis comes
// from the platform's ConfigMap and Secret. PHP forgets everything between two
// requests, so that each one asks Sentinel again.
declare(strict_types=1);

require_once 'Predis/autoload.php';

const TIME_TO_LIVE = 3600; // seconds; what has none fills the memory

function connect(): Predis\Client
{
    // snippet:begin
    // The Service hands each connection to one of the Sentinels: named three
    // times, it is asked again when that one does not answer.
    $sentinel = [
        'host' => getenv('REDIS_SENTINEL_HOST'), 'port' => getenv('REDIS_SENTINEL_PORT'),
        'timeout' => 0.5, 'read_write_timeout' => 1,
    ];
    $client = new Predis\Client([$sentinel, $sentinel, $sentinel], [
        'replication' => 'sentinel',
        'service' => getenv('REDIS_SENTINEL_MASTER'),
        // A node that is gone answers nothing at all: give up on it early.
        'parameters' => [
            'username' => getenv('REDIS_USERNAME') ?: null,
            'password' => getenv('REDIS_PASSWORD') ?: null,
            'timeout' => 0.5,
            'read_write_timeout' => 1,
        ],
    ]);
    // Repeating SET does no harm. Set the limit to 0 if yours is an INCR or
    // LPUSH, which may have been applied when its answer got lost. The default
    // is 20 retries, a second apart.
    $client->getConnection()->setRetryLimit(2);
    $client->getConnection()->setRetryWait(100);
    // snippet:end
    return $client;
}

function answer(int $status, string $body): void
{
    http_response_code($status);
    header('Content-Type: text/plain');
    echo $body;
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/healthz') {
    // The probes ask only whether this process lives: a restart mends no Redis.
    answer(200, "OK\n");
    return;
}
$name = substr($path, strlen('/keys/'));
try {
    if ($_SERVER['REQUEST_METHOD'] === 'PUT') {
        connect()->set($name, file_get_contents('php://input'), 'EX', TIME_TO_LIVE);
        answer(200, "OK\n");
        return;
    }
    // Reads go to replicas unless told otherwise, which may lag behind.
    $client = connect();
    $client->getConnection()->switchToMaster();
    $value = $client->get($name);
    $value === null ? answer(404, "no such key\n") : answer(200, $value);
} catch (Predis\PredisException $error) {
    answer(503, get_class($error) . ': ' . $error->getMessage() . "\n");
}
