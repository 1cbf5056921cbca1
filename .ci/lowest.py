"""Print every lower bound of pyproject.toml as a pip constraint (``name==bound``), tools of the dev extra left out.

Lower bounds are promises; .ci/run installs exactly these and runs the tests.
"""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
for requirement in project["dependencies"] + project["optional-dependencies"]["test"]:
    bound = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?>=([0-9.]+)", requirement)
    if bound is None:
        sys.exit(f"{requirement}: no lower bound (name>=version) in pyproject.toml")
    print(f"{bound[1]}=={bound[2]}")
