"""Print the table of docs/platforms.md: where each package that is needed has a wheel. Reads a lock file of uv.

cp pyproject.toml README.md LICENSE /tmp/lock && (cd /tmp/lock && uv lock)
uv run python scripts/platforms.py /tmp/lock/uv.lock
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
PLATFORMS = {  # name: sys_platform, platform_machine, tags of wheels that can be installed, best first
    "Linux, x86-64 (glibc 2.28)": ("linux", "x86_64", [f"manylinux_2_{n}_x86_64" for n in range(28, 4, -1)]),
    "Linux, ARM64 (glibc 2.28)": ("linux", "aarch64", [f"manylinux_2_{n}_aarch64" for n in range(28, 16, -1)]),
    "Alpine (musl 1.2), x86-64": ("linux", "x86_64", ["musllinux_1_2_x86_64", "musllinux_1_1_x86_64"]),
    "macOS 14, Apple silicon": ("darwin", "arm64", list(mac_platforms((14, 0), "arm64"))),
    "macOS 13, Intel": ("darwin", "x86_64", list(mac_platforms((13, 0), "x86_64"))),
    "Windows, x86-64": ("win32", "AMD64", ["win_amd64"]),
    "Windows, ARM64": ("win32", "ARM64", ["win_arm64"]),
}
_SYSTEMS = {"linux": ("Linux", "posix"), "darwin": ("Darwin", "posix"), "win32": ("Windows", "nt")}

Package = dict[str, Any]


def table(lock: Path) -> Iterator[str]:
    """Yield the lines of the table."""
    packages: list[Package] = tomllib.loads(lock.read_text("utf-8"))["package"]
    yield "| platform | " + " | ".join(f"Python {major}.{minor}" for major, minor in PYTHONS) + " |"
    yield "|---" * (len(PYTHONS) + 1) + "|"
    for platform in PLATFORMS:
        cells = (", ".join(without_wheel(packages, platform, python)) for python in PYTHONS)
        yield f"| {platform} | " + " | ".join(f"no: {missing}" if missing else "yes" for missing in cells) + " |"


def without_wheel(packages: list[Package], platform: str, python: tuple[int, int]) -> list[str]:
    """Return the names of the packages that are needed there and have no wheel to install."""
    system, machine, tags = PLATFORMS[platform]
    name, kind = _SYSTEMS[system]
    version = f"{python[0]}.{python[1]}"
    environment = {
        "sys_platform": system,
        "platform_machine": machine,
        "platform_system": name,
        "os_name": kind,
        "python_version": version,
        "python_full_version": f"{version}.9",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    usable = {*cpython_tags(python, platforms=tags), *compatible_tags(python, f"cp{version.replace('.', '')}", tags)}
    return sorted(p["name"] for p in needed(packages, environment) if not _has(p, usable))


def needed(packages: list[Package], environment: dict[str, str]) -> list[Package]:
    """Return the packages that the project needs at run time, besides itself."""
    [project] = [package for package in packages if {"editable", "virtual"} & set(package["source"])]
    found: dict[str, Package] = {}
    left = list(project["dependencies"])
    while left:
        dependency = left.pop()
        if not _applies(dependency.get("marker"), environment):
            continue
        extras = dependency.get("extra", [])
        for package in packages:
            fits = package["name"] == dependency["name"] and package["version"] == dependency.get("version", package["version"])
            key = f"{package['name']}{package['version']}{sorted(extras)}"
            if fits and key not in found:
                found[key] = package
                left += package.get("dependencies", [])
                left += [one for extra in extras for one in package.get("optional-dependencies", {}).get(extra, [])]
    return list({package["name"]: package for package in found.values()}.values())


def _applies(marker: str | None, environment: dict[str, str]) -> bool:
    return marker is None or Marker(marker).evaluate({**environment, "extra": ""})


def _has(package: Package, usable: set[Tag]) -> bool:
    files = [wheel["url"].rsplit("/", 1)[1] for wheel in package.get("wheels", [])]
    return any(parse_wheel_filename(file)[3] & usable for file in files)


if __name__ == "__main__":
    print("\n".join(table(Path(sys.argv[1]))))
