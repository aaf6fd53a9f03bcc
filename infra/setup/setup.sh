#!/usr/bin/env bash
# Makes .venv, Kafka's jars and the class archive; installs Debian packages that are missing.
# Usage: infra/setup/setup.sh [test] [bench]: adds what tests or benchmarks need. May be repeated: what is there stays.
set -euo pipefail
cd "$(dirname "$0")/../.."
. infra/setup/steps.sh

PYTHON=/usr/bin/python3
VENV=.venv
JARS=build/kafka
STAMP=.made-from

missing_packages() {
    local packages=(python3-bpfcc python3-venv)
    # Any Java that is there will do, and its age is a matter of `deedlog doctor`.
    [ -x "${JAVA_HOME:-/nonexistent}/bin/java" ] || command -v java >/dev/null || packages+=(default-jre-headless)
    command -v mvn >/dev/null || packages+=(maven)
    for purpose in "$@"; do
        case $purpose in
        test) packages+=(podman runc busybox-static kcat git iproute2) ;;
        bench) packages+=(gcc libc6-dev) ;;
        esac
    done
    comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(installed "${packages[@]}" | sort)
}

installed() {
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p'
}

install_packages() {
    local missing sudo=()
    command -v dpkg-query >/dev/null || fail "This is not Debian" "There is no dpkg-query" \
        "install BCC for Python, Java 17 and Maven, then: SETUP_PACKAGES= make setup"
    missing=$(missing_packages "$@" | xargs)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "Debian packages are missing: $missing" \
            "Only root can install them, and there is no sudo" "as root: apt-get install $missing"
        say "Debian packages are missing, sudo may ask for your password: $missing"
        sudo -v || fail "Debian packages are missing: $missing" "sudo does not let you install them" \
            "as root: apt-get install $missing"
        sudo=(sudo --preserve-env=http_proxy,https_proxy,no_proxy)
    fi
    # shellcheck disable=SC2086 # the packages are words
    step "Debian packages: $missing" apt_install "${sudo[*]}" $missing
}

apt_install() { # sudo or nothing, packages...
    local options=(-q -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0) sudo=$1
    shift
    # A list that cannot be renewed may still be good enough.
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 update || true
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@"
}

continue_as_owner() {
    [ ${#AS_OWNER[@]} -gt 0 ] || return 0
    chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" build "$LOGS" "$LOGS"/* 2>/dev/null || true
    SETUP_PACKAGES='' exec "${AS_OWNER[@]}" "$PWD/infra/setup/setup.sh"
}

make_venv() {
    "$VENV/bin/python" -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null ||
        "$PYTHON" -m venv --clear "$VENV"
    "$VENV/bin/python" -m pip install --quiet --require-hashes -r infra/setup/uv.txt
    local uv=("$VENV/bin/uv" pip install --python "$VENV/bin/python" --compile-bytecode --system-certs)
    UV_LINK_MODE=copy "${uv[@]}" --require-hashes -r requirements.txt
    "${uv[@]}" --no-deps --no-build-isolation --no-index --offline -e .
    # Debian's BCC belongs to Debian's libbcc; what is called bcc elsewhere is another project.
    ln -sfn /usr/lib/python3/dist-packages/bcc "$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/bcc"
    "$VENV/bin/python" -m compileall -q schemas probes producers streams infra
    echo "$1" >"$VENV/$STAMP"
}

fetch_jars() {
    rm -rf "$JARS/new"
    mvn -B -ntp -f infra/kafka/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$PWD/$JARS/new"
    rm -rf "$JARS/libs"
    mv "$JARS/new" "$JARS/libs"
    echo "$1" >"$JARS/$STAMP"
}

make_all() {
    trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
    local packages jars fetching=
    packages=$(made_from requirements.txt infra/setup/uv.txt pyproject.toml <("$PYTHON" --version; pwd))
    jars=$(made_from infra/kafka/pom.xml)
    if ! is_made_from "$JARS/$STAMP" "$jars"; then
        step "Kafka's jars" fetch_jars "$jars" &
        fetching=$!
    fi
    is_made_from "$VENV/$STAMP" "$packages" || step "Python packages" make_venv "$packages"
    [ -z "$fetching" ] || wait "$fetching"
    if ! "$VENV/bin/python" -m infra.kafka.archive --check; then
        # Without it the broker only starts slower.
        step "class archive of the broker" "$VENV/bin/python" -m infra.kafka.archive || true
    fi
}

[ "${SETUP_PACKAGES-yes}" = "" ] || install_packages "$@"
continue_as_owner
make_all
