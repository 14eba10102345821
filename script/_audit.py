"""Known vulnerabilities in the pinned packages; says plainly when this could not be looked up.

Run by the virtual environment's Python, which has pip-audit.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
UNREACHABLE = (
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "MaxRetryError",
    "NewConnectionError",
    "NameResolutionError",
    "ProxyError",
    "ServiceError",
    "Could not connect",
    "timed out",
)


def main() -> int:
    for service in ("pypi", "osv"):
        report, output = _audit(service)
        if report is None:
            if not any(sign in output for sign in UNREACHABLE):
                print(output)
                print("pip-audit が失敗しました。上の理由を見てください。")
                return 1
            print(f"{service}: 届きません。")
            continue
        packages: list[dict[str, Any]] = report["dependencies"]
        audited = [package for package in packages if "vulns" in package]
        if not audited:
            print(f"{service}: どの部品の情報も返しません。")
            continue
        return _judge(service, packages, audited)
    print(
        "\n【脆弱性の監査は行っていません】脆弱性の情報（pypi.org、api.osv.dev）に届かないためです。"
        "\n届くところで script/lint を実行し、監査してください。"
    )
    return 0


def _audit(service: str) -> tuple[dict[str, Any] | None, str]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.json"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip_audit", "--vulnerability-service", service),
                *("--require-hashes", "--disable-pip", "-r", ROOT / "requirements.txt"),
                *("--format", "json", "--output", target, "--progress-spinner", "off"),
            ],
            capture_output=True,
            text=True,
        )
        try:
            report: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None, done.stdout + done.stderr
    return report, done.stdout + done.stderr


def _judge(service: str, packages: list[dict[str, Any]], audited: list[dict[str, Any]]) -> int:
    for package in packages:
        if package not in audited:
            print(
                f"監査していない部品: {package['name']}（{package.get('skip_reason', '理由不明')}）"
            )
    found = [(package, issue) for package in audited for issue in package["vulns"]]
    for package, issue in found:
        fixed = "、".join(issue["fix_versions"]) or "なし"
        print(f"{package['name']} {package['version']}: {issue['id']}（直した版: {fixed}）")
    print(f"{service} で {len(audited)} の部品を調べ、脆弱性は {len(found)} 件です。")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
