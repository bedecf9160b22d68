"""Small plan files, written as a county would write them."""

HEAD = """county = "330127000000"
name = "安岭县"
title = "实施方案"
year = {year}
"""
DEPARTMENTS = """
[[departments]]
code = "rsj"
name = "人力资源和社会保障局"
letter = true

[[departments]]
code = "gsj"
name = "工商局"
"""


def written(*sections: str, year: int = 2025) -> str:
    """A plan file with two departments, the given sections, and one target where none is given."""
    body = "\n".join(sections)
    if "[[targets]]" not in body:
        body += "\n" + target("loans", 500)
    return HEAD.format(year=year) + DEPARTMENTS + "\n" + body


def target(indicator: str, value: int | str, **keys: str) -> str:
    """One `[[targets]]` section; keys that are days, numbers or arrays are written as they come."""
    lines = {
        "indicator": f'"{indicator}"', "op": '">="', "value": f'"{value}"', "clause": '"四(七)"', "quote": '"提供创业贷款500人次"',
        "department": '"rsj"',
    }  # fmt: skip
    bare = ("deadline", "effective", "milestones")
    lines |= {key: given if key in bare else f'"{given}"' for key, given in keys.items()}
    return "[[targets]]\n" + "".join(f"{key} = {given}\n" for key, given in lines.items())
