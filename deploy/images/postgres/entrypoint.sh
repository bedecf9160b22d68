#!/bin/bash
# First start: make the cluster, its superuser and its database. Every start: become PostgreSQL. Arguments go to `postgres`.
set -euo pipefail
bin=$(echo /usr/lib/postgresql/*/bin)
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

as_postgres() { runuser -u postgres -- "$@"; }

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  install -d -o postgres -m 700 "$PGDATA"
  secret=$(mktemp)
  printf '%s' "${POSTGRES_PASSWORD:?POSTGRES_PASSWORD is required / 必须设置 POSTGRES_PASSWORD}" >"$secret"
  chown postgres "$secret"
  as_postgres "$bin/initdb" -D "$PGDATA" -U "$user" -E UTF8 --locale=C.UTF-8 -A scram-sha-256 --pwfile="$secret" >/dev/null
  rm "$secret"
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  if [ "$database" != postgres ]; then
    echo "CREATE DATABASE \"$database\"" | as_postgres "$bin/postgres" --single -D "$PGDATA" postgres >/dev/null
  fi
fi
exec runuser -u postgres -- "$bin/postgres" -D "$PGDATA" -c "listen_addresses=*" "$@"
