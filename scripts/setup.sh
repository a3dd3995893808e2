#!/bin/sh
# Make the project's own environment from the hashed lock file. Quick when there is nothing to do.
#   VENV     folder of the environment (default .venv)
#   PYTHON   interpreter to use (default: the newest of 3.13, 3.12, 3.11 that is found)
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}

find_python() {
    for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "attain needs Python 3.11, 3.12 or 3.13 with its venv module (on Debian: apt-get install python3-venv);" >&2
    echo "none was found. Name one: make PYTHON=/path/to/python3.11 …" >&2
    exit 2
}

wanted=$(cat requirements.lock requirements-bootstrap.lock pyproject.toml scripts/setup.sh | cksum)
if [ -x "$venv/bin/attain" ] && [ "$(cat "$venv/.attain-setup" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

python=$(find_python)
echo "  … setting up $venv with $("$python" --version) (once; about a minute)" >&2
rm -f "$venv/.attain-setup"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"

# Where the user has told pip to look for packages, uv looks too.
index=${PIP_INDEX_URL:-$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
export UV_LINK_MODE="${UV_LINK_MODE:-copy}" PIP_DISABLE_PIP_VERSION_CHECK=1

if [ ! -x "$venv/bin/uv" ]; then
    "$venv/bin/python" -m pip install --quiet --require-hashes -r requirements-bootstrap.lock
fi
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements.lock
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
echo "$wanted" > "$venv/.attain-setup"
echo "  ✓ environment ready: $venv" >&2
