"""The answer printed in README, and what its picture shows, are what the code makes of that reply."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from scripted import QUESTION, REPLY, serving
from support import pages

ROOT = pages.ROOT
CHROMIUM = Path("/usr/bin/chromium")
picture = pytest.importorskip("picture")


def test_readme_prints_what_the_command_prints_for_that_reply(starter_home: Path) -> None:
    with serving(REPLY) as url:
        environment = {**os.environ, "RAG_HOME": str(starter_home), "RAG_BASE_URL": url}
        command = [sys.executable, "-m", "rag.ask", QUESTION]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert pages.blocks(pages.README, "text")[0] == done.stdout
    assert done.stdout.splitlines()[0] == f"{REPLY[:-1]} ≠."
    assert done.stdout.count("≠ contradicted") == 1


def test_the_picture_of_the_chat_is_made_by_its_script(own_home: Path, tmp_path: Path) -> None:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium at /usr/bin/chromium (apt-get install chromium)")
    made = tmp_path / "chat.png"
    script = ROOT / "docs" / "picture.py"
    done = subprocess.run([sys.executable, str(script), str(made)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for file in (made, ROOT / "docs" / "images" / "chat.png"):
        assert_a_picture(file)


def assert_a_picture(file: Path) -> None:
    from PIL import Image

    assert 15_000 < file.stat().st_size < 200_000
    with Image.open(file) as image:
        assert (image.format, image.size) == ("PNG", (picture.WIDTH, picture.HEIGHT))
        colours = sorted(image.convert("RGB").getcolors(maxcolors=1 << 24) or (), reverse=True)
    pixels = image.size[0] * image.size[1]
    assert 0.3 < colours[0][0] / pixels < 0.97  # a page is mostly its background, and not nothing else
    assert len(colours) > 40
    # the evidence is marked in the abstract, in yellow
    assert sum(n for n, (red, green, blue) in colours if red > 230 and 190 < green < 235 and blue < 110) > 2_000
