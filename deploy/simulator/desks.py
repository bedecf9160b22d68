"""The departments that report, as tokens of the subject: who keeps which books, under which system."""


class Desk:
    """One system of one department: it numbers its own reports."""

    __slots__ = ("count", "department", "source", "system")

    def __init__(self, county: str, department: str, system: str) -> None:
        self.department = department
        self.system = system
        self.source = f"/{county}/{department}/{system}"
        self.count = 0

    def next_id(self) -> str:
        """The id of this desk's next report: no two of its reports share one unless something goes wrong."""
        self.count += 1
        return f"{self.system}-{self.count:08d}"


class Desks:
    """Every desk of one county."""

    def __init__(self, county: str, *, townships: tuple[str, ...], parks: tuple[str, ...], institutions: int) -> None:
        def desk(department: str, system: str) -> Desk:
            return Desk(county, department, system)

        self.labour = desk("rsj", "hr")
        """人社局."""
        self.employment = desk("jyj", "jiuye")
        """就业服务局."""
        self.market = desk("gsj", "dengji")
        """工商局."""
        self.finance = desk("czj", "zijin")
        """财政局."""
        self.bank = desk("rmyh", "xindai")
        """人民银行支行 and the handling banks."""
        self.statistics = desk("tjj", "tongji")
        """统计局."""
        self.education = desk("jyuj", "xueji")
        """教育局."""
        self.science = desk("kjj", "xiangmu")
        """科技局."""
        self.trade = desk("jmj", "jingmao")
        """经贸局."""
        self.building = desk("ghj", "changdi")
        """规划建设和住房保障局."""
        self.tax = desk("dsj", "zhengguan")
        """地税局."""
        self.supervision = desk("jcj", "ducha")
        """监察局."""
        self.commerce = desk("gsl", "xiehui")
        """工商联."""
        self.youth = desk("txw", "ybc")
        """团县委."""
        self.office = desk("chuangjianban", "office")
        """创建办: the leading group's office, which may void and correct what any department reported."""
        self.institutions = tuple(desk(f"pxjg{n}", "peixun") for n in range(1, institutions + 1))
        """培训机构."""
        self.townships = {code: desk(f"zhen{n:02d}", "taizhang") for n, code in enumerate(townships, 1)}
        """乡镇, by unit code."""
        self.parks = {code: desk(f"yuanqu{n}", "taizhang") for n, code in enumerate(parks, 1)}
        """园区, by unit code."""
        self.second: tuple[Desk, ...] = (self.labour, self.employment, self.market, self.tax, self.bank)
        """Those whose systems also hold what another department reports."""
        self.of_department = {
            each.department: each for each in (
                self.labour, self.employment, self.market, self.finance, self.bank, self.statistics, self.education, self.science,
                self.trade, self.building, self.tax, self.supervision, self.commerce, self.youth,
            )
        }  # fmt: skip
        """Who reports about what a department itself owes, by its code."""
        self.of_unit: dict[str, Desk] = {county: self.office, **self.townships, **self.parks}
        """Who reports about a unit itself: the townships, parks and the office (communities and villages report through townships)."""

    def of(self, department: str) -> Desk:
        """The desk that reports what a department itself does: its own, or the office for those that have no system."""
        return self.of_department.get(department, self.office)

    def at(self, code: str) -> Desk:
        """The desk that reports about this unit."""
        return self.of_unit.get(code) or self.of_unit.get(code[:9] + "000") or self.office
