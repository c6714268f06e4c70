-- tls.lua takes a changed certificate over while clients are connected, and says when
-- those that are in use end.
--
-- Kubernetes changes the files of a Secret some time after the Secret, all at once. What
-- HAProxy refuses, such as a key of another certificate, changes nothing: the previous
-- certificate stays in use. Connections that are there keep what they began with.
--
-- The runtime API does it and not Lua's CertCache, which takes a key of another
-- certificate over, and refuses every client from then on.

local poll_ms = 1000
-- HAProxy has one buffer for a command.
local most = 16000

-- What is in use: HAProxy's kind of it, its path, and the files that it is made of.
local watched = {
	{ kind = "cert", path = "/etc/haproxy-tls/tls.crt", files = { "/etc/haproxy-tls/tls.crt", "/etc/haproxy-tls/tls.key" } },
	{ kind = "ca-file", path = "/etc/haproxy-client-ca/ca.crt", files = { "/etc/haproxy-client-ca/ca.crt" } },
}

-- content returns a file in the words of the runtime API, in which an empty line ends
-- what is sent, or nothing if there is no such file.
local function content(path)
	local file = io.open(path)
	if not file then
		return nil
	end
	local lines = {}
	for line in file:lines() do
		line = line:match("^%s*(.-)%s*$")
		if line ~= "" then
			table.insert(lines, line)
		end
	end
	file:close()
	return table.concat(lines, "\n") .. "\n"
end

-- wanted returns what the files of one have now.
local function wanted(one)
	local text = ""
	for _, path in ipairs(one.files) do
		local more = content(path)
		if not more then
			return nil
		end
		text = text .. more
	end
	return text
end

-- call returns the answer to one command of the runtime API.
local function call(command)
	local socket = core.tcp()
	socket:settimeout(5)
	local answer = socket:connect(os.getenv("PROXY_SOCKET")) and socket:send(command .. "\n") and socket:receive("*a")
	socket:close()
	return answer or "no answer"
end

-- take has HAProxy use a text, and returns nothing, or why it does not.
local function take(one, text)
	if #text > most then
		return string.format("%d bytes are more than the %d that HAProxy takes at once", #text, most)
	end
	call(string.format("abort ssl %s %s", one.kind, one.path))
	local answer = call(string.format("set ssl %s %s <<\n%s", one.kind, one.path, text))
	-- Of a certificate it says Transaction, of a CA transaction.
	if answer:find("ransaction created", 1, true) then
		answer = call(string.format("commit ssl %s %s", one.kind, one.path))
		if answer:find("Success", 1, true) then
			return nil
		end
	end
	return (answer:gsub("%s+", " "))
end

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12 }

-- seconds returns the Unix time of OpenSSL's "Dec  8 17:20:00 2026 GMT".
local function seconds(text)
	local month, day, hour, minute, second, year = text:match("^(%a+) +(%d+) (%d+):(%d+):(%d+) (%d+) GMT")
	if not months[month] then
		return nil
	end
	-- Days of the Gregorian calendar, in which a year begins with March.
	local y, m = tonumber(year), months[month] - 3
	if m < 0 then
		y, m = y - 1, m + 12
	end
	local days = 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + tonumber(day) - 719469
	return ((days * 24 + tonumber(hour)) * 60 + tonumber(minute)) * 60 + tonumber(second)
end

-- ends returns when the first certificate of what HAProxy uses ends.
local function ends(one)
	local first
	for text in call(string.format("show ssl %s %s", one.kind, one.path)):gmatch("notAfter: ([^\n]+)") do
		local at = seconds(text)
		if at and (not first or at < first) then
			first = at
		end
	end
	return first
end

-- look takes one over if it has changed, and logs each problem once.
local function look(one)
	local text = wanted(one)
	if text and text ~= one.text then
		local problem = take(one, text)
		if not problem then
			one.text = text
			core.log(core.notice, one.path .. ": changed, in use now")
		elseif problem ~= one.problem then
			core.log(core.err, one.path .. ": changed, but not used: " .. problem)
		end
		one.problem = problem
	end
	one.ends = text and ends(one)
end

core.register_task(function()
	for _, one in ipairs(watched) do
		one.text = wanted(one)
	end
	while true do
		for _, one in ipairs(watched) do
			local done, problem = pcall(look, one)
			if not done then
				core.log(core.err, problem)
			end
		end
		core.msleep(poll_ms)
	end
end)

core.register_service("certificates", "http", function(applet)
	local name = "redis_proxy_certificate_expiry_timestamp_seconds"
	local text = "# HELP " .. name .. " When the first certificate in a file that the proxy uses ends, in seconds since 1970.\n"
		.. "# TYPE " .. name .. " gauge\n"
	for _, one in ipairs(watched) do
		if one.ends then
			text = text .. string.format('%s{file="%s"} %d\n', name, one.path:match("[^/]+$"), one.ends)
		end
	end
	applet:set_status(200)
	applet:add_header("content-type", "text/plain; version=0.0.4")
	applet:add_header("content-length", #text)
	applet:start_response()
	applet:send(text)
end)
