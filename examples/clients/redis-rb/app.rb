# A small web service that keeps its state in Redis, with redis-rb:
# PUT /keys/NAME writes, GET /keys/NAME reads. All that it knows of Redis comes
# from the platform's ConfigMap and Secret.

require "redis"
require "webrick"

TIME_TO_LIVE = 3600 # seconds; what has none fills the memory

# connect makes the client, which connects when first used.
def connect
  # snippet:begin
  Redis.new(
    host: ENV.fetch("REDIS_SENTINEL_MASTER"), # its name, not an address
    sentinels: [{ host: ENV.fetch("REDIS_SENTINEL_HOST"), port: ENV.fetch("REDIS_SENTINEL_PORT").to_i }],
    role: :master,
    username: ENV["REDIS_USERNAME"],
    password: ENV["REDIS_PASSWORD"],
    # A node that is gone answers nothing at all: give up on it early. The
    # default is 5 s each.
    connect_timeout: 0.5,
    read_timeout: 1,
    write_timeout: 1,
    # Repeating SET does no harm. Set it to 0 if yours is an INCR or LPUSH, which
    # may have been applied when its answer got lost.
    reconnect_attempts: 3,
    reconnect_delay: 0.1
  )
  # snippet:end
end

REDIS = connect

# One command at a time, as in redis-rb itself.
LOCK = Mutex.new

# redis runs a command. redis-rb stays with a master that has become a replica
# (redis-rb #543): that connection is not used again.
def redis
  LOCK.synchronize do
    yield REDIS
  rescue Redis::CommandError => e
    REDIS.close if e.message.start_with?("READONLY")
    raise
  end
end

# ask answers 200 only when Redis did.
def ask(request, response)
  value = yield request.path.delete_prefix("/keys/")
  response.status = value.nil? ? 404 : 200
  response.body = value || "no such key\n"
rescue Redis::BaseError => e
  response.status = 503
  response.body = "#{e.class}: #{e.message}\n"
end

# Keys answers PUT and GET.
class Keys < WEBrick::HTTPServlet::AbstractServlet
  def do_PUT(request, response)
    ask(request, response) { |name| "#{redis { |r| r.set(name, request.body, ex: TIME_TO_LIVE) }}\n" }
  end

  def do_GET(request, response)
    ask(request, response) { |name| redis { |r| r.get(name) } }
  end
end

server = WEBrick::HTTPServer.new(Port: ENV.fetch("PORT", "8080").to_i, AccessLog: [], Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN))
server.mount("/keys", Keys)
# The probes ask only whether this process lives: a restart mends no Redis.
server.mount_proc("/healthz") { |_, response| response.body = "OK\n" }
trap("TERM") { server.shutdown }
server.start
