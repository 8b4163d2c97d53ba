#!/usr/bin/env bash
# Makes the virtual environment with the readers that check.py asks: run.sh VENV_DIR. Does nothing when it
# is there already and the pins are the same. PYTHON names another interpreter, 3.10 or later.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
venv=${1:?usage: run.sh VENV_DIR}
stamp=$venv/.readers
want=$(cat "$here/requirements.txt" "$here/programs.txt" | cksum)

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
  exit 0
fi

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  echo "readers: needs Python 3.10 or later, $python is not" >&2
  exit 1
fi

echo "setup: Python readers of label files, $venv (zoo/readers/requirements.txt)"
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
# labelme asks for a newer Python than its reader needs.
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --ignore-requires-python -r "$here/programs.txt"
echo "$want" >"$stamp"
