#!/bin/sh
# Looks for inputs that break the drivers: byte streams instead of answers, registers instead of
# values, text instead of profiles. Stops at the first it finds and says where it is kept.
#
#   scripts/fuzz.sh [SECONDS]     how long for each target, 60 when left out
#
# What was found goes into drivers/tests/corpus, where every run of the tests tries it again.
set -eu

cd "$(dirname "$0")/.."
seconds=${1:-60}
case $seconds in
'' | *[!0-9]*)
    echo "fuzz: '$seconds' is not a number of seconds" >&2
    exit 2
    ;;
esac

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "fuzz: installing cargo-fuzz"
    cargo install --locked --quiet cargo-fuzz
fi

# Coverage is all the fuzzer needs; without a sanitizer the stable compiler will do, once it is
# told to take the flags.
export RUSTC_BOOTSTRAP=1
CARGO_TARGET_DIR=$(pwd)/target/fuzz
export CARGO_TARGET_DIR

for target in frames registers profiles; do
    echo "fuzz: $target, $seconds s"
    mkdir -p "target/fuzz-corpus/$target" "target/fuzz-found/$target"
    cargo fuzz run --fuzz-dir drivers/fuzz --sanitizer none "$target" \
        "target/fuzz-corpus/$target" "drivers/tests/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=512 -timeout=10 \
        -artifact_prefix="target/fuzz-found/$target/" -print_final_stats=1
done
echo "fuzz: nothing found"
