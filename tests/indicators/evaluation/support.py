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


SHEET_HEAD = """name = "考评标准"
points = "{points}"
pass_share = "0.85"
rectify_days = 30

[[systems]]
system = "services"
name = "创业服务体系"
points = "{points}"
"""


def sheet(*items: str, points: int | str = 10) -> str:
    """A scoring sheet of one system that is worth so many points, with the given items."""
    return SHEET_HEAD.format(points=points) + "\n" + "\n".join(items)


def item(rule: str, points: int | str | None = 10, **keys: str | None) -> str:
    """One `[[items]]` section, about loans unless another row or a duty is named."""
    lines: dict[str, str | None] = {
        "id": "one", "system": "services", "clause": "四(七)", "zh": "创业贷款", "en": "Loans", "rule": rule,
        "points": None if points is None else str(points), "indicator": None if "duty" in keys else "loans", "evidence": "贷款台账",
    }  # fmt: skip
    lines |= keys
    return "[[items]]\n" + "".join(f'{key} = "{given}"\n' for key, given in lines.items() if given is not None)
