#!/bin/sh
# Looks at the project's shell scripts: with shellcheck where it is installed, else their syntax.
set -eu
cd "$(dirname "$0")/.."

if command -v shellcheck >/dev/null 2>&1; then
    shellcheck .ci/run scripts/*.sh systemd/*.sh
else
    echo "shellcheck is not installed: only the scripts' syntax is checked"
    for script in scripts/*.sh systemd/*.sh; do
        sh -n "$script"
    done
    bash -n .ci/run
fi
