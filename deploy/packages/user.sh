#!/bin/sh
# Makes the user that the daemon runs as, before files that belong to it are unpacked.
set -e

getent group autoscaled >/dev/null || groupadd --system autoscaled
getent passwd autoscaled >/dev/null || useradd --system --gid autoscaled --comment autoscaled \
    --home-dir /var/lib/autoscaled --no-create-home --shell /usr/sbin/nologin autoscaled
