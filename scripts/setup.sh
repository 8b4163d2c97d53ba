#!/usr/bin/env bash
# Fetches what the project needs and this machine lacks. Says one line a step, does nothing when all is there.
#
#   scripts/setup.sh          what `make build` needs: system packages, Go modules, the ONNX Runtime library
#   scripts/setup.sh test     also what `make test` needs: a virtual display, the Python readers of label files
#   scripts/setup.sh bench    also what `make bench` needs: the Python peer
#
# Every download goes through apt, go and pip as they are configured here, so proxies and mirrors are theirs to know.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly want=${1:-build}
readonly cache=$PWD/.cache
readonly ort_version=1.32.0

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# as_root COMMAND... runs it as root, itself or through sudo.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# packages SECTION... installs the listed system packages that dpkg does not know as installed.
packages() {
	command -v dpkg-query >/dev/null || {
		say "no dpkg here: install the likes of scripts/packages.txt with your own package manager"
		return
	}
	local names missing
	names=$(awk -v want=" $* " '
		/^\[/ { gsub(/[][]/, ""); on = index(want, " " $1 " "); next }
		on && NF && $1 !~ /^#/ { print $1 }' scripts/packages.txt)
	missing=$(comm -23 <(sort -u <<<"$names") \
		<(dpkg-query -W -f='${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" { print $1 }' | sort -u) | tr '\n' ' ')
	[ -n "$missing" ] || return 0

	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		die "system packages are missing, and this is neither root nor is sudo here. As root, run: apt-get install --no-install-recommends $missing"
	fi
	say "system packages: $missing"
	local log=$cache/apt.log
	# A stale or unreachable extra source only matters if the install below then lacks a package.
	as_root apt-get -qq update >"$log" 2>&1 || say "apt-get update complained (see .cache/apt.log), going on"
	# shellcheck disable=SC2086  # a list of names
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends $missing >>"$log" 2>&1 ||
		{ tail -n 15 "$log" >&2; die "apt-get could not install them (all of it: .cache/apt.log)"; }
}

# modules downloads the Go modules of go.sum once per content of go.mod and go.sum.
modules() {
	command -v go >/dev/null || die "Go is missing: install Go $(awk '$1 == "go" { print $2 }' go.mod) or newer and put it on the PATH"
	local stamp=$cache/modules.stamp now
	now="$(cat go.mod go.sum | sha256sum) $(go env GOMODCACHE)"
	if [ -d "$(go env GOMODCACHE)/cache/download" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then return 0; fi
	say "Go modules"
	go mod download
	printf '%s\n' "$now" >"$stamp"
}

# venv NAME REQUIREMENTS [PIP OPTION...] keeps .cache/venv/NAME at what the requirements say.
venv() {
	local dir=$cache/venv/$1 requirements=$2 now
	now=$(sha256sum <"$requirements")
	if [ -x "$dir/bin/python" ] && [ "$(cat "$dir/requirements.sha256" 2>/dev/null)" = "$now" ]; then return 0; fi
	say "Python environment .cache/venv/$1 ($requirements)"
	rm -rf "$dir"
	python3 -m venv "$dir" || die "python3 -m venv failed: is python3-venv installed?"
	"$dir/bin/python" -m pip install -q --disable-pip-version-check --only-binary=:all: "${@:3}" -r "$requirements" ||
		die "pip could not install what $requirements lists"
	printf '%s\n' "$now" >"$dir/requirements.sha256"
}

# onnxruntime takes the shared library out of the PyPI wheel, and believes neither without its SHA-256.
onnxruntime() {
	local machine sha lib=$cache/onnxruntime/lib name=libonnxruntime.so.$ort_version tmp
	machine=$(uname -m)
	case $machine in
	x86_64) sha=6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f ;;
	aarch64) sha=49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a ;;
	*) die "no ONNX Runtime wheel is known for $machine: put libonnxruntime.so.1 into .cache/onnxruntime/lib, or name it in SAYSEE_ONNXRUNTIME" ;;
	esac
	if [ -e "$lib/libonnxruntime.so.1" ] && sha256sum --status -c <<<"$sha  $lib/$name" 2>/dev/null; then return 0; fi

	say "ONNX Runtime $ort_version ($machine)"
	mkdir -p "$lib"
	tmp=$(mktemp -d "$cache/onnxruntime/new.XXXXXX")
	# shellcheck disable=SC2064  # the folder of now
	trap "rm -rf '$tmp'" EXIT
	# A distribution's Python may lack pip; an environment never does.
	venv pip /dev/null
	"$cache/venv/pip/bin/python" -m pip download -q --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
		--platform "manylinux_2_28_$machine" --implementation cp --python-version 3.11 --abi cp311 \
		-r scripts/onnxruntime.txt -d "$tmp" || die "pip could not fetch the ONNX Runtime wheel of scripts/onnxruntime.txt; nothing was installed"
	python3 -c 'import sys, zipfile; wheel, member, to = sys.argv[1:]; open(to, "wb").write(zipfile.ZipFile(wheel).read(member))' \
		"$tmp"/*.whl "onnxruntime/capi/$name" "$tmp/$name"
	sha256sum --status -c <<<"$sha  $tmp/$name" || die "the ONNX Runtime library in the wheel is not the one we know (SHA-256 differs); nothing was installed"
	mv -f "$tmp/$name" "$lib/$name"
	ln -sfn "$name" "$lib/libonnxruntime.so.1"
}

case $want in
build | test | bench) ;;
*) die "unknown set-up \"$want\": build, test or bench" ;;
esac

mkdir -p "$cache"
[ -z "$(find "$cache" -maxdepth 3 ! -writable -print -quit)" ] ||
	die "parts of .cache belong to someone else (an earlier sudo?): sudo chown -R $(id -un) .cache"
exec 9>"$cache/setup.lock"
flock 9 # two at once wait for each other

case $want in
test) packages build test ;;
*) packages build ;;
esac
modules
onnxruntime
case $want in
test) zoo/readers/run.sh "$cache/venv/readers" || die "the Python readers of label files could not be installed" ;;
bench) venv peer zoo/peer/requirements.txt --no-deps ;;
esac
