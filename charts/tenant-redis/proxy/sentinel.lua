-- sentinel.lua points HAProxy at the master that the Sentinels name.
--
-- A role check alone would not do: after a failover the old master may come back,
-- or never have been away but for the network, and says that it is master until a
-- Sentinel demotes it, for ten seconds and more. Writes to it are lost.
--
-- So the server "master" of the backend "master" has one address at a time, and
-- the newest configuration that the Sentinels have says which:
-- * A Sentinel that leads a failover has chosen a replica a second before it names
--   it. That one is taken as soon as it says that it is master. Nothing can be
--   written to the old one that this would lose: it is dead, or holds its writes.
-- * A master that Sentinels have replaced is left at once.
-- * While no majority of the Sentinels answers, the master that is there is kept
--   as long as it has all of its replicas. If one of them is out of its sight, for
--   as long as a Sentinel needs to consider it down, that may have been promoted
--   where the proxy cannot see it.
-- What a Sentinel announces counts at once: it is subscribed to, and asked besides,
-- since a repair by the operator is not announced.
-- HAProxy's own check of the role comes on top and needs none of this to work.

local majority = tonumber(os.getenv("SENTINEL_MAJORITY"))
local detection = tonumber(os.getenv("SENTINEL_DETECTION")) / 1000
local name = os.getenv("REDIS_SENTINEL_MASTER")
local password = os.getenv("REDIS_PASSWORD")
local user = os.getenv("REDIS_USERNAME") or "" -- default's name may be left out

-- A Sentinel acts every 100 ms.
local poll_ms, judge_ms, discover_ms = 100, 50, 1000
-- An answer counts for so long, in seconds, and is waited for as long.
local fresh = 1
-- A Sentinel that is silent for so long is forgotten, unless another lists it.
local forget = 30

local views = {} -- by Sentinel: what it said last
local known = {} -- by Sentinel: when it last answered
local ids = {} -- by Sentinel: its id, as another one lists it
local current -- address of the master, nil while there is none
local backed -- when it was last known to be the master of the others
local early = { at = 0 } -- when, and over which configuration, a promoted one was taken

local function now()
	local time = core.now()
	return time.sec + time.usec / 1e6
end

-- Protocol.

local function receive(socket, what)
	local text, problem = socket:receive(what)
	if not text then
		error(problem or "closed", 0)
	end
	return text
end

-- read returns an answer: a text, a list, or nothing for null and errors.
local function read(socket)
	local line = receive(socket, "*l"):gsub("\r$", "")
	local kind, rest = line:sub(1, 1), line:sub(2)
	local size = tonumber(rest)
	if kind == "$" and size >= 0 then
		return receive(socket, size + 2):sub(1, size)
	elseif kind == "*" and size >= 0 then
		local list = {}
		for i = 1, size do
			list[i] = read(socket) or ""
		end
		return list
	elseif kind == "+" or kind == ":" then
		return rest
	end
end

local function ask(socket, command)
	if not socket:send(command .. "\r\n") then
		error("cannot send", 0)
	end
	return read(socket)
end

-- connected calls a function with a connection, and returns its result or nothing
-- if it fails.
local function connected(address, act)
	local socket = core.tcp()
	socket:settimeout(fresh)
	local ip, port = address:match("^(.*):(%d+)$")
	local done, result = pcall(function()
		if not socket:connect(ip, tonumber(port)) then
			error("no connection", 0)
		end
		return act(socket)
	end)
	pcall(socket.close, socket)
	return done and result or nil
end

-- fields makes a table of a list of names and values.
local function fields(list)
	local result = {}
	for i = 1, #(list or {}), 2 do
		result[list[i]] = list[i + 1]
	end
	return result
end

-- Sentinels.

-- look asks a Sentinel for its view.
local function look(socket)
	local named = ask(socket, "SENTINEL GET-MASTER-ADDR-BY-NAME " .. name)
	local state = fields(ask(socket, "SENTINEL MASTER " .. name))
	local epoch = tonumber(state["config-epoch"])
	-- 127.0.0.1 is the operator's word for none.
	if not named or not state.flags or not epoch or named[1] == "127.0.0.1" then
		return nil
	end
	local view = {
		at = now(),
		master = named[1] .. ":" .. named[2],
		epoch = epoch,
		replicas = {},
	}
	for _, list in ipairs(ask(socket, "SENTINEL REPLICAS " .. name) or {}) do
		local replica = fields(list)
		local address = replica.ip .. ":" .. replica.port
		if replica.flags:find("promoted", 1, true) and state.flags:find("failover_in_progress", 1, true) then
			view.promoted = address
		end
		if not replica.flags:find("down", 1, true) and not replica.flags:find("disconnected", 1, true) then
			table.insert(view.replicas, address)
		end
	end
	return view
end

local learn, judge

-- theirs tells whether a Sentinel is not the one that was listed: another instance,
-- of which every Sentinel calls its master the same, may have its address now.
local function theirs(socket, address)
	return ask(socket, "SENTINEL MYID") ~= ids[address]
end

local function watch(address)
	connected(address, function(socket)
		if theirs(socket, address) then
			views[address] = nil
			return
		end
		for round = 0, math.huge do
			views[address] = look(socket)
			known[address] = now()
			if round % 20 == 0 then
				learn(socket)
			end
			core.msleep(poll_ms)
		end
	end)
end

-- listen looks and judges as soon as a Sentinel announces a master.
local function listen(address)
	connected(address, function(events)
		if theirs(events, address) then
			return
		end
		ask(events, "SUBSCRIBE +switch-master")
		events:settimeout(3600)
		while read(events) do
			connected(address, function(socket)
				if not theirs(socket, address) then
					views[address] = look(socket)
				end
			end)
			judge()
		end
	end)
end

-- learn begins to watch the Sentinels that one knows.
function learn(socket)
	for _, list in ipairs(ask(socket, "SENTINEL SENTINELS " .. name) or {}) do
		local sentinel = fields(list)
		local address = sentinel.ip .. ":" .. sentinel.port
		ids[address] = sentinel.runid
		if not known[address] then
			known[address] = now()
			for act, pause in pairs({ [watch] = poll_ms, [listen] = discover_ms }) do
				core.register_task(function()
					while known[address] and now() - known[address] < forget do
						act(address)
						core.msleep(pause)
					end
					known[address], views[address] = nil, nil
				end)
			end
		end
	end
end

-- discover asks the Sentinels' Service, one of them. Itself it is listed by the
-- others.
local function discover()
	while true do
		local seed = core.backends["sentinel"].servers["service"]:get_addr()
		connected(seed, function(socket)
			learn(socket)
		end)
		core.msleep(discover_ms)
	end
end

-- The master.

-- agreed returns how many Sentinels answer, and the view of the newest
-- configuration, of several the one that most have.
local function agreed()
	local voices, votes, best = 0, {}, nil
	for _, view in pairs(views) do
		if now() - view.at <= fresh then
			voices = voices + 1
			local vote = view.epoch .. " " .. view.master
			votes[vote] = (votes[vote] or 0) + 1
			view.votes = votes[vote]
			if not best or view.epoch > best.epoch or view.epoch == best.epoch and view.votes > best.votes then
				best = view
			end
		end
	end
	return voices, best
end

-- chosen returns the replica that a failover under way makes master, if the
-- Sentinels know of one only.
local function chosen()
	local found
	for _, view in pairs(views) do
		if view.promoted and now() - view.at <= fresh then
			if found and found ~= view.promoted then
				return nil
			end
			found = view.promoted
		end
	end
	return found
end

-- replication is what a Redis says about its replication.
local function replication(address)
	return connected(address, function(socket)
		if password then
			ask(socket, "AUTH " .. user .. " " .. password)
		end
		return ask(socket, "INFO replication")
	end) or ""
end

local function is_master(address)
	return replication(address):find("role:master", 1, true)
end

-- supported tells whether all of a master's replicas have confirmed what they have
-- within the last seconds.
local function supported(address)
	local confirmed, slots = 0, 0
	for _ in pairs(core.backends["replicas"].servers) do
		slots = slots + 1
	end
	local info = replication(address)
	for lag in info:gmatch("slave%d+:[^\r\n]*state=online[^\r\n]*lag=(%d+)") do
		if tonumber(lag) <= 2 then
			confirmed = confirmed + 1
		end
	end
	return info:find("role:master", 1, true) and confirmed >= slots - 1
end

-- point lets a server's connections go and gives it another address, or none.
local function point(server, address)
	server:set_maint()
	server:shut_sess()
	if address then
		local ip, port = address:match("^(.*):(%d+)$")
		server:set_addr(ip, tonumber(port))
		server:set_ready()
	end
end

local function follow(address, why)
	if address ~= current then
		core.log(core.notice, string.format("master: %s, %s", address or "none", why))
		backed = now()
		point(core.backends["master"].servers["master"], address)
		current = address
	end
end

function judge()
	local voices, best = agreed()
	if voices >= majority or current and supported(current) then
		backed = now()
	elseif current and now() - backed > detection then
		follow(nil, "no majority of the Sentinels answers, and it has lost its replicas")
	end
	if voices < majority then
		return
	end
	local promoted = chosen()
	if promoted and promoted ~= current and is_master(promoted) then
		early = { at = now(), epoch = best.epoch }
		follow(promoted, "promoted")
	elseif promoted or best.epoch == early.epoch and now() - early.at < detection then
		return -- the Sentinels have yet to tell each other
	elseif best.master ~= current then
		if is_master(best.master) then
			follow(best.master, "named by the Sentinels")
		else
			follow(nil, "the Sentinels name " .. best.master .. ", which does not say so")
		end
	end
end

-- The replicas.

-- assign gives each replica that the Sentinels know a server of its own, which it
-- keeps.
local function assign()
	local _, best = agreed()
	if not best then
		return
	end
	local wanted = {}
	for _, address in ipairs(best.replicas) do
		wanted[address] = address ~= current
	end
	local free = {}
	for _, server in pairs(core.backends["replicas"].servers) do
		local address = server:get_addr()
		if wanted[address] then
			wanted[address] = false
		else
			table.insert(free, server)
		end
	end
	for _, server in ipairs(free) do
		local address
		for replica, is_wanted in pairs(wanted) do
			if is_wanted then
				address = replica
			end
		end
		if address then
			wanted[address] = false
			point(server, address)
		end
	end
end

local function forever(act, pause)
	return function()
		while true do
			local done, problem = pcall(act)
			if not done then
				core.log(core.err, problem)
			end
			core.msleep(pause)
		end
	end
end

core.register_task(discover)
core.register_task(forever(judge, judge_ms))
core.register_task(forever(assign, discover_ms))
