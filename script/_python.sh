# Sets PYTHON to a Python 3.11 or newer; the shell builtins are all it needs.
# shellcheck shell=sh
PYTHON=
found=
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        PYTHON=$candidate
        break
    fi
    found="$found $candidate"
done
if [ -z "$PYTHON" ]; then
    echo "Python 3.11 以上が見つかりません${found:+（見つかったが古いもの:$found）}。" >&2
    echo "Python 3.11 以上を入れてから、もう一度実行してください（Debian・Ubuntu: apt install python3 python3-venv、macOS: brew install python@3.12、その他: https://www.python.org/downloads/）。" >&2
    exit 3
fi
