#!/usr/bin/env bash
# clients.sh [current]: makes the image of the example services, with the runtimes of
# their languages. "current" only tells whether the one that is there is made of them
# as they are now.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/image-lib.sh"

IMAGE=$EXAMPLES_IMAGE
OUT=$CACHE/build/clients

# sources prints what the image is made from.
sources() { git ls-files --cached --others --exclude-standard ci/images/clients examples/clients go.mod go.sum scripts/clients.sh; }

digest() { sources | sort | xargs sha256sum | sha256sum | cut -c 1-16; }

# node_runtime gets Node.js: Debian 12's is too old for today's libraries.
node_runtime() {
  rm -rf "$OUT/runtime"
  mkdir -p "$OUT/runtime"
  cp ci/images/clients/package*.json "$OUT/runtime"
  npm ci --prefix "$OUT/runtime" --ignore-scripts --no-audit --no-fund
  install "$OUT"/runtime/node_modules/node-linux-*/bin/node "$OUT/node"
}

# examples gathers the programs, with what they need beside Debian's packages.
examples() {
  local folder
  rm -rf "$OUT/examples"
  for folder in examples/clients/*/; do
    folder=$(basename "$folder")
    mkdir -p "$OUT/examples/$folder"
    if [ -f "examples/clients/$folder/main.go" ]; then
      go build -C "examples/clients/$folder" -ldflags "-s -w" -o "$OUT/examples/$folder/$folder" .
      continue
    fi
    cp "examples/clients/$folder"/{app.*,package*.json} "$OUT/examples/$folder" 2>/dev/null || true
    [ ! -f "$OUT/examples/$folder/package.json" ] ||
      npm ci --prefix "$OUT/examples/$folder" --ignore-scripts --no-audit --no-fund
  done
}

current() { [ "$(image_inputs "$IMAGE")" = "$(digest)" ]; }

if [ "${1-}" = current ]; then
  current
  exit
fi
command -v npm >/dev/null || scripts/packages.sh npm
step "making the Debian of the example clients" rootfs ci/images/clients
step "fetching Node.js" node_runtime
step "gathering the example clients" examples
step "making $IMAGE" from_dockerfile ci/images/clients "$IMAGE" "$(digest)" "$OUT/node" "$OUT/examples"
