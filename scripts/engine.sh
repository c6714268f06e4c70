#!/usr/bin/env bash
# engine.sh: makes sure that a Docker engine answers. One that does is used as
# it is. Where there is none, root on a Debian-like system gets Debian's; on
# any other machine this stops and says what to run.
. "$(dirname "$0")/lib.sh"

answers() { docker version --format '{{.Server.Version}}' >"$CACHE/log/engine-version" 2>/dev/null; }

# lacks_sys_resource: nested virtual machines and hardened runners may not
# hand on CAP_SYS_RESOURCE (bit 24 of the bounding set).
lacks_sys_resource() {
  local set
  set=$(awk '$1 == "CapBnd:" {print $2}' /proc/self/status)
  [ $((16#$set >> 24 & 1)) = 0 ]
}

start_dockerd() {
  local flags=()
  if lacks_sys_resource; then
    say "this machine cannot grant CAP_SYS_RESOURCE: containers run without it"
    go build -o "$CACHE/build/runc-limited" ./ci/runc-limited
    install "$CACHE/build/runc-limited" /usr/local/sbin/runc-limited
    flags=(--add-runtime limited=/usr/local/sbin/runc-limited --default-runtime limited)
  fi
  # A pid file may outlive its process when a machine is stopped hard.
  pidof -q dockerd || rm -f /var/run/docker.pid
  setsid dockerd "${flags[@]}" >"$CACHE/log/dockerd.log" 2>&1 </dev/null &
}

wait_for_answer() {
  for _ in $(seq 60); do
    answers && return
    sleep 1
  done
  tail -n 20 "$CACHE/log/dockerd.log" >&2
  die "the container engine does not answer after 60 s; its log is in .cache/log/dockerd.log"
}

if answers; then
  say "container engine: Docker $(cat "$CACHE/log/engine-version")"
  exit
fi
if [ "$(id -u)" != 0 ]; then
  die "no container engine answers, and only root can start one. Run: sudo apt-get install docker.io && sudo usermod -aG docker $(id -un), log in again, and repeat"
fi
command -v apt-get >/dev/null ||
  die "no container engine answers, and this is not a Debian-like system. Install Docker (https://docs.docker.com/engine/install/), start it, and repeat"

"$ROOT/scripts/packages.sh" docker.io iptables
if [ -d /run/systemd/system ]; then
  step "starting Docker through systemd" systemctl start docker
else
  say "starting Docker; its log is in .cache/log/dockerd.log"
  start_dockerd
fi
wait_for_answer
say "container engine: Docker $(cat "$CACHE/log/engine-version")"
