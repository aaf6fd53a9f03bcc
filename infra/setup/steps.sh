# Runs steps that take a while: says when each begins, that it still runs, and how long it took.
# Sourced by the scripts beside it; the caller's directory is the project.

LOGS=build/logs

say() { printf '%s\n' "$*" >&2; }

fail() { # what, why, what to do
    say "Error: $1"
    say "Why: $2"
    say "Try: $3"
    exit 1
}

elapsed() { awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f s", b - a }'; }

# step LABEL COMMAND...: runs the command, its output in build/logs/, the end of which is shown if it fails.
step() {
    local label=$1 begun log pid code=0
    shift
    mkdir -p "$LOGS"
    log=$LOGS/${label//[^A-Za-z0-9]/-}.log
    begun=$(date +%s.%N)
    say "    $label ..."
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    ticker "$label" "$begun" &
    local ticker=$!
    wait "$pid" || code=$?
    kill "$ticker" 2>/dev/null
    wait "$ticker" 2>/dev/null || true
    if [ "$code" -ne 0 ]; then
        tail -n 25 "$log" >&2
        say "fail $label ($(elapsed "$begun")); all of it: $log"
        return "$code"
    fi
    say "ok   $label ($(elapsed "$begun"))"
}

ticker() {
    while sleep 10; do say "    $1 ... $(elapsed "$2")"; done
}

# A fingerprint of what something was made from.
made_from() { cat -- "$@" 2>/dev/null | sha256sum | cut -c1-16; }

is_made_from() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

# The words that run a command as the owner of the tree: with `sudo make` he must be able to use and remove what is made.
AS_OWNER=()
if [ "$(id -u)" -eq 0 ] && [ "${SUDO_UID:-0}" -ne 0 ] && [ "$(stat -c %u .)" -eq "$SUDO_UID" ]; then
    AS_OWNER=(setpriv --reuid "$SUDO_UID" --regid "${SUDO_GID:-$SUDO_UID}" --init-groups env -u SUDO_UID
        HOME="$(getent passwd "$SUDO_UID" | cut -d: -f6)" USER="${SUDO_USER:-}" LOGNAME="${SUDO_USER:-}")
fi
