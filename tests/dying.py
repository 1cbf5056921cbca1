"""A process that ends itself by kill -9 at a counted moment: just before it touches a file or folder for the n-th time.

No clock decides where it dies: a machine may be slow or quick, and the last moments are as easily hit as the first.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

#: What a process does to files by Python's own means, as Python's audit hooks name it, before it is done.
TOUCHING = ("open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.copyfile", "shutil.rmtree")

_HOOK = f"""
import os, signal, sys

def watch(folder=os.environ["DYING_IN"], kind=os.environ["DYING_AT"], left=int(os.environ["DYING_TIME"])):
    log = os.open(os.environ["DYING_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    def hook(event, args):
        nonlocal left
        if event not in {TOUCHING!r}:
            return
        place = os.fspath(args[0]) if isinstance(args[0], (str, os.PathLike)) else ""
        if os.path.isabs(place) and not place.startswith(folder):
            return
        if not place or (event == "open" and not os.path.isabs(place)):
            return
        if event == kind:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        os.write(log, f"{{event}}\\n".encode())
    sys.addaudithook(hook)

watch()
"""


def run(program: str, *words: str, folder: Path, log: Path, at: tuple[str, int] = ("", 0)) -> list[str]:
    """Run a program; it dies before it does something in a folder (or beneath) for the n-th time.

    Parameters
    ----------
    program : str
        Python.
    *words : str
        What it finds in ``sys.argv``.
    folder : Path
        Absolute.
    log : Path
        A file to write to, outside the folder.
    at : tuple of str and int
        One of `TOUCHING`, and the how manieth of its kind; it is not done any more. By default it does not die.

    Returns
    -------
    list of str
        What it did in the folder, in its order.
    """
    log.unlink(missing_ok=True)
    environment = {
        **os.environ, "PYTHONDONTWRITEBYTECODE": "1", "DYING_IN": str(folder), "DYING_LOG": str(log),
        "DYING_AT": at[0], "DYING_TIME": str(at[1]),
    }  # fmt: skip
    command = [sys.executable, "-c", _HOOK + program, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == (-signal.SIGKILL if at[0] else 0), f"{at} was not reached: {done.stderr}"
    return log.read_text().split()
