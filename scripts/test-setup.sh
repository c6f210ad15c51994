#!/bin/sh
# Tests scripts/setup.sh on machines that do not exist: each case builds a PATH that holds only
# stand-ins (compilers, CMake, ldconfig, a recording apt-get), hides one of them, and looks at
# what the script does. So a machine that happens to have CMake can not hide a missing step.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# --- a machine of stand-ins ----------------------------------------------------------------

# fake NAME BODY: a program of that name on the case's PATH.
fake() {
    printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"
    chmod +x "$bin/$1"
}

# fresh_machine NAME: everything is there, the user is root, apt-get only records.
fresh_machine() {
    case_name=$1
    machine=$work/$(printf '%s' "$1" | tr -c 'a-z0-9' '-')
    bin=$machine/bin
    calls=$machine/calls
    mkdir -p "$bin" "$machine/llvm"
    : >"$calls"
    for tool in sh sed grep dirname mkdir cp cmp env cat chmod rm; do
        ln -s "$(command -v "$tool")" "$bin/$tool"
    done
    fake cargo 'exit 1' # no cargo-nextest
    fake rustc 'echo "rustc 1.95.0 (0123456 2026-04-14)"'
    fake id 'echo 0'
    fake cc 'exit 0'
    fake c++ 'exit 0'
    fake make 'exit 0'
    fake cmake 'exit 0'
    fake ldconfig 'echo "	libclang-14.so.13 (libc6,x86-64) => /lib/libclang-14.so.13"'
    fake python3 "echo \"python3 \$*\" >>'$calls'
case \$2 in venv) mkdir -p \"\$4/bin\"; cp \"\$0\" \"\$4/bin/python\" ;; esac"
    fake apt-get "echo \"apt-get \$*\" >>'$calls'"
    fake mbpoll 'exit 0'
    fake socat 'exit 0'
    mkdir -p "$machine/libmodbus"
    : >"$machine/libmodbus/unit-test-server.c"
}

# run_setup ARGUMENTS: leaves the exit code in $code and everything printed in $machine/output.
run_setup() {
    code=0
    env -i PATH="$bin" HOME="$machine" CARGO_TARGET_DIR="$machine/target" \
        REGIE_LIBMODBUS_EXAMPLES="$machine/libmodbus" "$@" \
        >"$machine/output" 2>&1 </dev/null || code=$?
}

setup=$here/setup.sh

# --- expectations --------------------------------------------------------------------------

expect() {
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s: %s\n' "$case_name" "$what"
        sed 's/^/    output: /' "$machine/output"
        sed 's/^/    called: /' "$calls"
    fi
}

exits_with() { [ "$code" -eq "$1" ]; }
says() { grep -qF -- "$1" "$machine/output"; }
called() { grep -qxF -- "$1" "$calls"; }
called_nothing() { [ ! -s "$calls" ]; }
is_silent() { [ ! -s "$machine/output" ]; }
installs() { called "apt-get install -y -qq --no-install-recommends $1"; }

# apt-get that brings what it is asked for: a stand-in called $1.
apt_get_brings() {
    fake apt-get "echo \"apt-get \$*\" >>'$calls'
case \$1 in install) printf '#!/bin/sh\nexit 0\n' >'$bin/$1'; chmod +x '$bin/$1' ;; esac"
}

# --- nothing is missing --------------------------------------------------------------------

fresh_machine 'all there'
run_setup "$setup"
expect 'exit 0' exits_with 0
expect 'apt-get is not called' called_nothing
expect 'nothing to say' is_silent

# --- one tool is missing, and apt-get brings it --------------------------------------------

# a_missing_tool TOOL PACKAGES
a_missing_tool() {
    fresh_machine "no $1"
    rm "$bin/$1"
    apt_get_brings "$1"
    run_setup "$setup"
    expect 'exit 0' exits_with 0
    expect 'the lists are renewed' called 'apt-get update -qq'
    expect "installs exactly: $2" installs "$2"

    rm -f "$bin/$1"
    : >"$calls"
    run_setup "$setup" --dry-run
    expect 'a dry run exits 0' exits_with 0
    expect 'a dry run calls nothing' called_nothing
    expect 'a dry run names the packages' says "--no-install-recommends $2"

    fresh_machine "no $1, and apt-get brings nothing"
    rm "$bin/$1"
    run_setup "$setup"
    expect 'exit 1' exits_with 1
    expect 'says that it is still unusable' says 'something is still not usable'
}

a_missing_tool cmake 'cmake'
a_missing_tool make 'make'
a_missing_tool cc 'gcc libc6-dev'
a_missing_tool c++ 'g++'

fresh_machine 'compilers without headers'
fake cc 'exit 1'
fake c++ 'exit 1'
run_setup "$setup" --dry-run
expect 'a compiler that can not compile counts as missing' \
    says '--no-install-recommends gcc libc6-dev g++'

# --- libclang: three places to find it -----------------------------------------------------

fresh_machine 'no libclang'
fake ldconfig 'echo "	libclang-cpp.so.14 (libc6,x86-64) => /lib/libclang-cpp.so.14"'
fake apt-get "echo \"apt-get \$*\" >>'$calls'
case \$1 in install) printf '#!/bin/sh\necho \"=> /lib/libclang.so.1\"\n' >'$bin/ldconfig' ;; esac"
run_setup "$setup"
expect 'exit 0' exits_with 0
expect 'libclang-cpp is not libclang' installs 'libclang-dev'

fresh_machine 'libclang by LIBCLANG_PATH'
fake ldconfig 'exit 0'
run_setup LIBCLANG_PATH="$machine/llvm" "$setup" --dry-run
expect 'an empty directory is not enough' says 'libclang-dev'
: >"$machine/llvm/libclang.so"
run_setup LIBCLANG_PATH="$machine/llvm" "$setup"
expect 'the directory is enough' called_nothing
run_setup LIBCLANG_PATH="$machine/llvm/libclang.so" "$setup"
expect 'the file is enough' called_nothing

fresh_machine 'libclang by llvm-config'
fake ldconfig 'exit 0'
fake llvm-config "echo '$machine/llvm'"
: >"$machine/llvm/libclang-14.so.1"
run_setup "$setup"
expect 'apt-get is not called' called_nothing

fresh_machine 'cmake by CMAKE'
mv "$bin/cmake" "$machine/my-cmake"
run_setup CMAKE="$machine/my-cmake" "$setup"
expect 'apt-get is not called' called_nothing

# --- who may install -----------------------------------------------------------------------

fresh_machine 'a user with sudo'
rm "$bin/cmake"
fake id 'echo 1000'
fake sudo "echo \"sudo \$*\" >>'$calls'
[ \"\$1\" = -n ] && shift
exec \"\$@\""
apt_get_brings cmake
run_setup "$setup"
expect 'exit 0' exits_with 0
expect 'sudo does not ask where nobody can answer' called 'sudo -n apt-get update -qq'
expect 'installs through sudo' installs 'cmake'

fresh_machine 'a user without sudo'
rm "$bin/cmake"
fake id 'echo 1000'
run_setup "$setup"
expect 'exit 1' exits_with 1
expect 'apt-get is not called' called_nothing
expect 'says why' says 'not root and no sudo'
expect 'names the package' says 'apt-get install cmake'
expect 'names the way without root' says 'pip install --user cmake libclang'

fresh_machine 'another distribution'
rm "$bin/cmake" "$bin/apt-get"
run_setup "$setup"
expect 'exit 1' exits_with 1
expect 'says why' says 'there is no apt-get here'
expect 'knows Fedora' says 'dnf install'
expect 'knows Arch' says 'pacman -S'

fresh_machine 'apt-get fails'
rm "$bin/cmake"
fake apt-get 'exit 100'
run_setup "$setup"
expect 'exit 1' exits_with 1
expect 'says so' says 'apt-get install failed'

# --- the Rust toolchain --------------------------------------------------------------------

fresh_machine 'no Rust'
rm "$bin/rustc"
run_setup "$setup"
expect 'exit 1' exits_with 1
expect 'says what to do' says 'https://rustup.rs'

fresh_machine 'an old Rust'
fake rustc 'echo "rustc 1.88.0 (0123456 2025-06-23)"'
run_setup "$setup"
expect 'exit 1' exits_with 1
expect 'says which' says 'Rust 1.88 is too old'

fresh_machine 'the oldest Rust that will do'
fake rustc 'echo "rustc 1.89.0 (0123456 2025-08-04)"'
run_setup "$setup"
expect 'exit 0' exits_with 0

# --- what the tests need -------------------------------------------------------------------

fresh_machine 'tests'
run_setup "$setup" --tests
expect 'exit 0' exits_with 0
expect 'makes the environment' called "python3 -m venv --clear $machine/target/test-venv"
expect 'installs by hash' grep -q -- '-m pip install .*--require-hashes' "$calls"
expect 'says which test runner it will be' says 'cargo test'
: >"$calls"
run_setup "$setup" --tests
expect 'a second run exits 0' exits_with 0
expect 'a second run does nothing' called_nothing
echo 'an older list' >"$machine/target/test-venv/installed-requirements.txt"
run_setup "$setup" --tests
expect 'other requirements make a new one' \
    called "python3 -m venv --clear $machine/target/test-venv"

fresh_machine 'tests without python'
fake python3 'exit 1'
run_setup "$setup" --tests --dry-run
expect 'asks for Python' says '--no-install-recommends python3 python3-venv'
run_setup "$setup"
expect 'a build does not need it' exits_with 0
run_setup "$setup" --tests
expect 'exit 1 where apt-get brings the same again' exits_with 1
expect 'says which Python it must be' says 'The tests need Python 3.11 or later'

# a_missing_peer PROGRAM PACKAGE: what only the tests need.
a_missing_peer() {
    fresh_machine "tests without $1"
    rm "$bin/$1"
    apt_get_brings "$1"
    run_setup "$setup"
    expect 'a build does not need it' called_nothing
    run_setup "$setup" --tests
    expect 'exit 0' exits_with 0
    expect "installs exactly: $2" installs "$2"
}

a_missing_peer mbpoll 'mbpoll'
a_missing_peer socat 'socat'

fresh_machine 'tests without libmodbus'
rm "$machine/libmodbus/unit-test-server.c"
fake apt-get "echo \"apt-get \$*\" >>'$calls'
case \$1 in install) : >'$machine/libmodbus/unit-test-server.c' ;; esac"
run_setup "$setup" --tests
expect 'exit 0' exits_with 0
expect 'installs exactly: libmodbus-dev' installs 'libmodbus-dev'
rm "$machine/libmodbus/unit-test-server.c"
fake apt-get "echo \"apt-get \$*\" >>'$calls'"
run_setup "$setup" --tests
expect 'exit 1 where the package comes without its examples' exits_with 1
expect 'says where they may be' says 'REGIE_LIBMODBUS_EXAMPLES'
expect 'says why they may not be there' says 'excludes documentation'

fresh_machine 'tests, and PyPI is not there'
fake python3 "case \$2 in
pip) exit 1 ;;
venv) mkdir -p \"\$4/bin\"; cp \"\$0\" \"\$4/bin/python\" ;; esac"
run_setup "$setup" --tests
expect 'exit 1' exits_with 1
expect 'says what to look at' says 'they come from PyPI'
run_setup "$setup" --tests
expect 'half an environment is not taken for a whole one' exits_with 1

fresh_machine 'a wrong argument'
run_setup "$setup" --test
expect 'exit 2' exits_with 2
expect 'names it' says "unknown argument '--test'"

printf 'test-setup: %d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
