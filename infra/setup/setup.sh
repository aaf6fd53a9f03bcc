#!/usr/bin/env bash
# Makes .venv, Kafka's jars and the class archive; installs Debian packages that are missing.
# Usage: infra/setup/setup.sh [test] [bench]: adds what tests or benchmarks need. May be repeated: what is there stays.
set -euo pipefail
cd "$(dirname "$0")/../.."
. infra/setup/steps.sh

PYTHON=/usr/bin/python3
VENV=.venv
JARS=build/kafka
PEERS=build/peers
STAMP=.made-from

missing_packages() {
    # qemu-system-common holds qemu-storage-daemon.
    local packages=(python3-bpfcc python3-venv qemu-system-common qemu-utils)
    # Any Java that is there will do, and its age is a matter of `deedlog doctor`.
    [ -x "${JAVA_HOME:-/nonexistent}/bin/java" ] || command -v java >/dev/null || packages+=(default-jre-headless)
    command -v mvn >/dev/null || packages+=(maven)
    for purpose in "$@"; do
        case $purpose in
        test) packages+=(podman runc busybox-static kcat git iproute2 fio apache2-utils) ;;
        bench) packages+=(gcc libc6-dev fio time) ;;
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
        "install BCC for Python, Java 17, Maven, qemu-storage-daemon and qemu-img, then: SETUP_PACKAGES= make setup"
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
    SETUP_PACKAGES='' exec "${AS_OWNER[@]}" "$PWD/infra/setup/setup.sh" "$@"
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

# Registries, and a client of them that tests and benchmarks compare ours with; without Go those are left out.
build_peers() { # module
    local module=$1
    mkdir -p "$PEERS"
    GOTOOLCHAIN=local GOFLAGS=-buildvcs=false CGO_ENABLED=0 nice go build -C "$module" -trimpath -ldflags "-s -w" \
        -o "$PWD/$PEERS/" tool
    made_of_peer "$module" >"$PEERS/$STAMP-${module//\//-}"
}

made_of_peer() { made_from "$1/go.mod" "$1/go.sum" <(go version); }

# Taken out of its package, for the package would start a registry on this machine, open to all, at every boot.
fetch_docker_registry() {
    local folder
    folder=$(mktemp -d)
    mkdir -p "$PEERS"
    (cd "$folder" && apt-get -q download docker-registry && dpkg-deb -x docker-registry_*.deb .)
    mv "$folder/usr/bin/docker-registry" "$PEERS/"
    rm -rf "$folder"
}

start_peers() { # purposes...
    local module
    [[ " $* " =~ \ (test|bench)\  ]] || return 0
    if ! [ -x "$PEERS/docker-registry" ] && ! command -v docker-registry >/dev/null && command -v apt-get >/dev/null; then
        step "Debian's registry" fetch_docker_registry &
        building+=($!)
    fi
    command -v go >/dev/null || return 0
    for module in tests/peers tests/peers/distribution; do
        go_will_do "$module" || continue
        is_made_from "$PEERS/$STAMP-${module//\//-}" "$(made_of_peer "$module")" && continue
        step "programs of $module" build_peers "$module" &
        building+=($!)
    done
}

go_will_do() { # module
    local wanted
    wanted=$(sed -n 's/^go //p' "$1/go.mod")
    printf 'go%s\n' "$wanted" "$(go env GOVERSION | sed 's/^go//')" | sort -V -C && return 0
    say "    programs of $1 are left out: they need Go $wanted, this is $(go env GOVERSION)"
    return 1
}

make_all() {
    trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
    local packages jars fetching= building=() each
    packages=$(made_from requirements.txt infra/setup/uv.txt pyproject.toml <("$PYTHON" --version; pwd))
    jars=$(made_from infra/kafka/pom.xml)
    if ! is_made_from "$JARS/$STAMP" "$jars"; then
        step "Kafka's jars" fetch_jars "$jars" &
        fetching=$!
    fi
    start_peers "$@"
    is_made_from "$VENV/$STAMP" "$packages" || step "Python packages" make_venv "$packages"
    [ -z "$fetching" ] || wait "$fetching"
    for each in "${building[@]}"; do
        # Their tests are left out then, and say so.
        wait "$each" || true
    done
    if ! "$VENV/bin/python" -m infra.kafka.archive --check; then
        # Without it the broker only starts slower.
        step "class archive of the broker" "$VENV/bin/python" -m infra.kafka.archive || true
    fi
}

[ "${SETUP_PACKAGES-yes}" = "" ] || install_packages "$@"
continue_as_owner "$@"
make_all "$@"
