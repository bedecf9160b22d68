#!/usr/bin/env bash
# Builds the server images that the container tests run on: kaiye-nats:local and kaiye-postgres:local.
# They are the official images where a registry can be reached. Elsewhere (an intranet, a closed build machine) they are made from
# what is at hand: the static nats-server of the installed wheel, and Debian's PostgreSQL in a root made by debootstrap (as root).
# Usage: deploy/images/build.sh [--local]     --local: do not ask a registry
set -euo pipefail
cd "$(dirname "$0")"
nats_image=kaiye-nats:local postgres_image=kaiye-postgres:local
pull_seconds_max=180
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

have() { docker image inspect "$1" >/dev/null 2>&1; }

pulled() { # pulled OFFICIAL OURS: whether the official image could be had, under our name
  [ "${local_only:-}" = no ] || return 1
  timeout "$pull_seconds_max" docker pull --quiet "$1" >"$work/pull.log" 2>&1 || return 1
  docker tag "$1" "$2"
}

build() { # build RECIPE IMAGE CONTEXT: a Dockerfile without a base image needs no registry
  DOCKER_BUILDKIT=0 docker build --quiet --tag "$2" --file "$1/Dockerfile" "$3" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
}

nats_from_the_wheel() {
  local server=../../.venv/bin/nats-server
  [ -x "$server" ] || { echo "缺少 $server，请先运行 make setup / $server is missing: run make setup first" >&2; exit 3; }
  mkdir "$work/nats" && cp "$server" "$work/nats/nats-server"
  build nats "$nats_image" "$work/nats"
}

postgres_from_debian() {
  local release mirror
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)
  [ -n "$mirror" ] || mirror=$(awk '$1 == "deb" { print $2; exit }' /etc/apt/sources.list)
  debootstrap --variant=minbase --include=postgresql,postgresql-contrib "$release" "$work/root" "$mirror" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 5 "$work/debootstrap.log" >&2; exit 1; }
  rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/postgresql/*/main
  mkdir "$work/postgres" && tar -C "$work/root" -cf "$work/postgres/root.tar" . && rm -rf "$work/root"
  cp postgres/entrypoint.sh "$work/postgres/"
  build postgres "$postgres_image" "$work/postgres"
}

[ "${1:-}" = --local ] && local_only=yes || local_only=no
have "$nats_image" || pulled nats:2-alpine "$nats_image" || nats_from_the_wheel
have "$postgres_image" || pulled postgres:18-alpine "$postgres_image" || postgres_from_debian
