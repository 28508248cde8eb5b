"""Time the check of a package of 9,500 files against the plain integrity test of the standard library.

Prints seconds, their ratio and the highest resident memory of the check, each measured in a fresh process.
"""

import json
import random
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FILES = 9_500
ROUNDS = 3
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="bench" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
 xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
<metadata><schemaversion>1.2</schemaversion></metadata>
<organizations default="o"><organization identifier="o"><title>Bench</title>
<item identifier="i" identifierref="r"><title>Bench</title></item></organization></organizations>
<resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html"/></resources>
</manifest>"""
MEASURE = """
import json, resource, sys, time, zipfile
from pathlib import Path
path, tool = Path(sys.argv[1]), sys.argv[2]
if tool == "check":
    from scorm_packages.check import check_package
began = time.perf_counter()
if tool == "check":
    assert check_package(path).verdict == "accept"
else:
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
seconds = time.perf_counter() - began
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def write_package(path: Path) -> None:
    """Write pages, scripts and media in the proportions of a real export, about 200 MB unpacked."""
    source = random.Random(7)
    page = ("<p>Brannvern på jobb: meld fra, varsle, slokk.</p>\n" * 150).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("imsmanifest.xml", MANIFEST)
        package.writestr("index.html", page)
        for n in range(FILES - 2):
            is_media = n % 3 == 0
            noise = source.randbytes(48_000 if is_media else 400)
            name = f"media/{n}.png" if is_media else f"pages/{n}.{'html' if n % 3 == 1 else 'js'}"
            package.writestr(name, noise if is_media else page + noise.hex().encode())


def measure(path: Path, tool: str) -> tuple[float, int]:
    """Return the best seconds of some rounds and the peak memory in KiB."""
    rounds: list[tuple[float, int]] = []
    for _ in range(ROUNDS):
        result = subprocess.run([sys.executable, "-c", MEASURE, str(path), tool], capture_output=True, check=True)
        seconds, memory_kib = json.loads(result.stdout)
        rounds.append((seconds, memory_kib))
    return min(seconds for seconds, _ in rounds), max(memory for _, memory in rounds)


def main() -> None:
    """Run the comparison and print it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "package.zip"
        write_package(path)
        plain_s, plain_kib = measure(path, "testzip")
        check_s, check_kib = measure(path, "check")
    print(f"zipfile.testzip  {plain_s:6.2f} s  {plain_kib / 1024:6.1f} MiB")
    print(f"check_package    {check_s:6.2f} s  {check_kib / 1024:6.1f} MiB  ({FILES} files)")
    print(f"ratio            {check_s / plain_s:6.2f}")


if __name__ == "__main__":
    main()
