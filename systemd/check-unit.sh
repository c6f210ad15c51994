#!/bin/sh
# Checks regie.service where systemd-analyze is installed: that systemd understands every line,
# and that its sandbox has not been loosened.
set -eu
cd "$(dirname "$0")"

# In tenths, as systemd-analyze takes it: 9 and, with serial ports, 13 measured with systemd 252,
# where 100 is no sandbox at all; the margin is for other versions of systemd, which weigh other
# lines.
exposure_max=10
exposure_max_serial=15

if ! command -v systemd-analyze >/dev/null 2>&1; then
    echo "systemd-analyze is not installed: regie.service is not checked"
    exit 0
fi

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# check WHAT EXPOSURE FILE...: the unit and its drop-ins, as systemd would read them together.
check() {
    what=$1
    max=$2
    shift 2
    # The daemon is not installed on a machine that builds it, so a program that is stands in.
    cat "$@" | sed -e "s|^ExecStart=/usr/bin/regie|ExecStart=$(command -v true)|" \
        -e '/^Documentation=/d' >"$copy/regie.service"

    # verify reports an unknown key as a warning and still exits 0: any word about our unit is a
    # fault.
    findings=$(systemd-analyze verify --man=no "$copy/regie.service" 2>&1 | grep 'regie\.service' || true)
    if [ -n "$findings" ]; then
        printf '%s\n' "$findings"
        echo "$what: systemd-analyze verify found the faults above"
        exit 1
    fi
    if ! table=$(systemd-analyze security --offline=true --threshold="$max" \
        "$copy/regie.service" 2>&1); then
        printf '%s\n' "$table"
        echo "$what: the sandbox is looser than $max tenths allow"
        exit 1
    fi
    printf '%s: ' "$what"
    printf '%s\n' "$table" | tail -n 1
}

check "systemd/regie.service" "$exposure_max" regie.service
check "with systemd/serial.conf" "$exposure_max_serial" regie.service serial.conf
