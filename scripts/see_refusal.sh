#!/bin/sh
# See the gate refuse: a good release first, then a "corrected" finance export whose refunds lost their minus sign.
# Uses a home of its own, var-refusal/, so that nothing of yours is touched. Exits as the gate does: 1.
set -u
cd "$(dirname "$0")/.."
sh scripts/setup.sh || exit 2
attain="${VENV:-.venv}/bin/attain"
export ATTAIN_HOME="$PWD/var-refusal"

if [ ! -e "$ATTAIN_HOME/releases/current" ]; then
    echo "1. a good release first"
    "$attain" demo --if-empty && "$attain" run || exit 2
fi
before=$(readlink "$ATTAIN_HOME/releases/current")
echo
echo "2. a corrected export that is wrong"
"$attain" demo --corrupt refund_sign || exit 2
echo
echo "3. the next run"
"$attain" run
code=$?
after=$(readlink "$ATTAIN_HOME/releases/current")
echo
echo "exit code $code; current release before: $before, after: $after"
if [ "$before" != "$after" ]; then
    echo "the current release changed although it must not have" >&2
    exit 2
fi
exit $code
