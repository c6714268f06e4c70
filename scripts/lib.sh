# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used by the other scripts
# Shared by the other scripts: strict mode, names, progress.
set -o errexit -o nounset -o pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=$ROOT/.cache
BIN=$ROOT/bin
export KUBECONFIG=$CACHE/kubeconfig
mkdir -p "$CACHE/log" "$BIN"
cd "$ROOT"
export PATH=$BIN:$PATH

CLUSTER=${CLUSTER:-tenant-redis}
# Names under tenant-redis.local/ are never asked of a registry.
NODE_IMAGE=${NODE_IMAGE:-tenant-redis.local/kindest/node:local}
CLIENT_IMAGE=tenant-redis.local/examples/go:local
LEDGER_IMAGE=tenant-redis.local/ledger:local
EXAMPLES_IMAGE=tenant-redis.local/examples/clients:local
INPUTS_LABEL=tenant-redis.dev/inputs

# Everything built here is static and independent of the folder it is built in.
export CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath"
# What ships is built and searched with a patch release that has all repairs, and all the
# rest with the same one, so that nothing is compiled twice.
GOTOOLCHAIN=$(sed -n 's/^toolchain //p' go.mod 2>/dev/null || true)
export GOTOOLCHAIN

# Seconds since make began.
START=${START:-$(date +%s)}
say() { printf '[%4ds] %s\n' "$(($(date +%s) - START))" "$*"; }

# phase NAME: from here on time counts as that phase's, in the table of times.sh. What
# runs BESIDE a phase has none of its own.
phase() { [ -n "${BESIDE:-}" ] || printf '%d\t%s\n' "$(($(date +%s) - START))" "$1" >>"$CACHE/log/phases-$START.tsv"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# require_space GIB FOLDER... fails where a folder's disk has less room than that.
require_space() {
  local gib=$1 folder free
  shift
  for folder; do
    free=$(df --output=avail --block-size=1G "$folder" | tail -n 1 | tr -d ' ')
    [ "$free" -ge "$gib" ] ||
      die "$folder has $free GiB of room, and $gib are needed: make some, and run the same command again; it goes on where it was"
  done
}

# step_log TEXT prints the path of a step's log.
step_log() { echo "$CACHE/log/$(tr -cs 'a-zA-Z0-9.\n' '-' <<<"$1").log"; }

# step TEXT COMMAND... runs a command quietly: its output goes to a log file,
# whose last line is shown every 20 s as a sign of life. A failure prints the
# end of the log.
step() {
  local text=$1 log start=$SECONDS pid beat ended status=0
  shift
  log=$(step_log "$text")
  say "$text"
  # Only a foreground job gets the terminal's Ctrl-C: pass it on. That may come at once.
  # shellcheck disable=SC2046 # a list
  trap 'kill $(jobs -p) 2>/dev/null || true; wait || true; trap - INT TERM; die "interrupted; run the same command again to go on"' INT TERM
  "$@" >"$log" 2>&1 &
  pid=$!
  until
    sleep 20 >/dev/null 2>&1 &
    beat=$!
    wait -n -p ended "$pid" "$beat" || status=$?
    [ "$ended" = "$pid" ]
  do
    say "  … $text: $((SECONDS - start)) s, $(tail -n 1 "$log" | cut -c 1-100)"
  done
  trap - INT TERM
  # Disowned, its end is not told.
  disown "$beat"
  kill "$beat" 2>/dev/null || true
  if [ "$status" != 0 ]; then
    tail -n 40 "$log" | sed 's/^/    /' >&2
    die "$text failed after $((SECONDS - start)) s; the whole log is in ${log#"$ROOT"/}"
  fi
  say "  done: $text ($((SECONDS - start)) s)"
}

# wait_until SECONDS COMMAND... polls until COMMAND succeeds.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "gave up waiting for: $*" >&2
      return 1
    fi
    sleep 1
  done
}

# Which lists of images the cluster gets. Only the tests on it need more than the first, and
# only the long ones all.
export IMAGE_LISTS=${IMAGE_LISTS:-ci/images/list}
TEST_IMAGE_LISTS="ci/images/list ci/images/list-tests"
FULL_IMAGE_LISTS="$TEST_IMAGE_LISTS ci/images/list-full"

# for_tests is whether the cluster is one for tests.
for_tests() { [[ " $IMAGE_LISTS " = *" ci/images/list-tests "* ]]; }

# listed_images prints "NAME PUBLIC-IMAGE" for each line of IMAGE_LISTS.
listed_images() {
  local lists
  read -ra lists <<<"$IMAGE_LISTS"
  sed '/^#/d' "${lists[@]}"
}

local_name() { echo "tenant-redis.local/${1#*/}"; }

# local_images prints every image that the nodes must have.
local_images() {
  local _ public
  while read -r _ public; do local_name "$public"; done < <(listed_images)
  printf '%s\n' "$CLIENT_IMAGE" "$LEDGER_IMAGE"
}

# image_inputs prints the digest of what an image was built from: nothing for a
# pulled image; it fails where there is no such image.
image_inputs() { docker image inspect --format "{{index .Config.Labels \"$INPUTS_LABEL\"}}" "$1" 2>/dev/null; }

# image_origins says how many of the nodes' images users get, too.
image_origins() {
  local image pulled=0 built=0
  while read -r image; do
    if [ -n "$(image_inputs "$image")" ]; then built=$((built + 1)); else pulled=$((pulled + 1)); fi
  done < <(local_images)
  echo "images: $pulled as published, $built built from source"
}
