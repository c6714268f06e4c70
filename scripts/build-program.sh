#!/usr/bin/env bash
# build-program.sh NAME FILE: builds tenant or tenant-post for GOOS and GOARCH, as a program
# that knows its commit, and whether anything has changed since.
. "$(dirname "$0")/lib.sh"

# Where there is no history it knows its version alone.
commit=$(git describe --always --dirty --abbrev=40 --exclude '*' 2>/dev/null || true)
# Of another commit it is only linked anew: no package is compiled for that.
go build -ldflags "-s -w -X github.com/tenant-redis/tenant-redis/plugin/internal/version.commit=$commit" -o "$2" "./plugin/cmd/$1"
