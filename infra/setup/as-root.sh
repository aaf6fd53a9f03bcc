#!/usr/bin/env bash
# Runs a command as root: by sudo, with our settings, if we are not root.
set -euo pipefail

[ "$(id -u)" -ne 0 ] || exec "$@"
if ! command -v sudo >/dev/null; then
    echo "Error: $1 needs root" >&2
    echo "Why: eBPF programs are loaded into the kernel, and there is no sudo" >&2
    echo "Try: as root: make run" >&2
    exit 4
fi
# Root must not become the owner of folders that this user's other programs need.
mkdir -p "${DEEDLOG_HOME:-$HOME/.local/share/deedlog}"
kept=$(env | sed -n 's/^\(DEEDLOG_[A-Z_]*\|XDG_CONFIG_HOME\|HYPOTHESIS_STORAGE_DIRECTORY\|PYTHONDONTWRITEBYTECODE\)=.*/\1/p' | paste -sd,)
exec sudo --preserve-env="HOME,JAVA_HOME${kept:+,$kept}" "$@"
