"""Print pip constraints that hold every package to the lowest version that pyproject.toml promises."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
promised = [*project["dependencies"], *(line for lines in project["optional-dependencies"].values() for line in lines)]
for requirement in sorted(set(promised)):
    name, version = re.match(r"([\w-]+)>=([\d.]+)", requirement).groups()
    print(f"{name}=={version}")
