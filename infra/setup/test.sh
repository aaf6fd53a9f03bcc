#!/usr/bin/env bash
# Runs every check and test; goes on after one that fails, and fails at the end.
set -uo pipefail
cd "$(dirname "$0")/../.."
. infra/setup/steps.sh

BIN=.venv/bin
REAL="kafka or probe or container or pipeline or volume or registry"
failed=()

check() { # label, command
    local label=$1
    shift
    step "$label" "${AS_OWNER[@]}" "$@" || failed+=("$label")
}

tests() { # label, marker expression, how to run, pytest's arguments
    local label=$1 marks=$2 begun code=0
    shift 2
    begun=$(date +%s.%N)
    say "    $label: pytest -m \"$marks\""
    "$@" -m "$marks" || code=$?
    # pytest's 5: no test has these marks.
    if [ "$code" -ne 0 ] && [ "$code" -ne 5 ]; then
        failed+=("$label")
        say "fail $label ($(elapsed "$begun"))"
    else
        say "ok   $label ($(elapsed "$begun"))"
    fi
}

# In one piece, so that bash has read it before the first step: the file may change meanwhile.
main() {
    check "lint" "$BIN/ruff" check .
    check "format" "$BIN/ruff" format --check .
    check "types" "$BIN/mypy"
    check "rooms" "$BIN/lint-imports"
    check "types made from schemas" "$BIN/python" -m schemas.generate --check

    tests "fast tests" "not ($REAL)" "${AS_OWNER[@]}" "$BIN/pytest" -q -n 2
    # Root must leave no files behind that the owner of the tree cannot write.
    scratch=$(mktemp -d)
    chmod 777 "$scratch"
    trap 'rm -rf "$scratch"' EXIT
    export HYPOTHESIS_STORAGE_DIRECTORY=$scratch PYTHONDONTWRITEBYTECODE=1
    tests "tests with registries" "registry and not (kafka or probe or container or pipeline or volume)" \
        "$BIN/pytest" -q -n 2 --dist loadfile -p no:cacheprovider
    tests "tests with Kafka" "kafka and not (probe or container or pipeline or volume)" \
        "$BIN/pytest" -q -n 2 --dist loadfile -p no:cacheprovider
    tests "tests with volumes" "volume and not pipeline" \
        infra/setup/as-root.sh "$BIN/pytest" -q -n 2 --dist loadfile -p no:cacheprovider
    tests "tests with the kernel, containers and the whole pipeline" "probe or container or pipeline" \
        infra/setup/as-root.sh "$BIN/pytest" -q -p no:cacheprovider

    if [ ${#failed[@]} -gt 0 ]; then
        say "failed: $(printf '%s; ' "${failed[@]}")"
        exit 1
    fi
    say "all checks and tests passed"
}

main
exit
