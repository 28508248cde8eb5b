"""Read the items of an organization with what each standard lets them say."""

import math
from collections.abc import Iterator, Mapping

from lxml import etree

from scorm_packages.course import ControlModes, Item
from scorm_packages.finding import Finding, note, tally
from scorm_packages.manifest_resource import Resource
from scorm_packages.manifest_xml import attribute, child, children, text, title_text

MOST_NOTED = 100
LONGEST_IDENTIFIER = 240
TRUE = frozenset(("true", "1"))
FALSE = frozenset(("false", "0"))
Sequencing = tuple[etree._Element, ...]


class ItemReader:
    """Read items once and remember what was odd."""

    def __init__(self, root: etree._Element, resources: Mapping[str, Resource]) -> None:
        shared = child(root, "sequencingcollection")
        rules = [] if shared is None else list(children(shared, "sequencing"))
        self._shared = {attribute(rule, "id"): rule for rule in reversed(rules)}
        self._resources = resources
        self._findings: list[Finding] = []
        self._untitled: list[str] = []
        self._given: dict[str, int] = {}

    def findings(self) -> Iterator[Finding]:
        """Yield what was odd about the items, the first hundred things."""
        yield from self._findings[:MOST_NOTED]
        yield from tally("title-empty", self._untitled)

    def read_children(self, element: etree._Element) -> tuple[Item, ...]:
        """Return the items directly below an organization or item, each with its own."""
        return tuple(self._read_item(each) for each in children(element, "item"))

    def read_control(self, organization: etree._Element | None) -> ControlModes:
        """Return the control modes of an organization."""
        return ControlModes() if organization is None else read_modes(self._find_sequencing(organization))

    def _read_item(self, element: etree._Element) -> Item:
        identifier = self._identify(element)
        title = title_text(child(element, "title"))
        if not title:
            self._untitled.append(identifier)
        resource = self._find_resource(element, identifier)
        sequencing = self._find_sequencing(element)
        limits = child_of(sequencing, "limitconditions")
        return Item(
            identifier=identifier,
            title=title or identifier,
            href=resource.href if resource else None,
            launch=add_parameters(resource.suffix, attribute(element, "parameters")) if resource else "",
            scorm_type=resource.scorm_type if resource else None,
            visible=(attribute(element, "isvisible") or "true").lower() not in FALSE,
            prerequisites=text(child(element, "prerequisites")) or None,
            mastery_score=self._read_mastery(element, identifier),
            max_time_allowed=text(child(element, "maxtimeallowed"))
            or attribute(limits, "attemptabsolutedurationlimit"),
            time_limit_action=text(child(element, "timelimitaction")) or None,
            data_from_lms=_raw_text(child(element, "datafromlms")),
            scaled_passing_score=self._read_passing_score(sequencing, identifier),
            completion_threshold=self._read_threshold(element, identifier),
            control=read_modes(sequencing),
            hide_lms_ui=_read_hidden(element),
            children=self.read_children(element),
        )

    def _identify(self, element: etree._Element) -> str:
        """Return an item's identifier, made up or changed where it can't tell one item: results are kept under it."""
        base = (attribute(element, "identifier") or "item")[:LONGEST_IDENTIFIER]
        name = base
        while name in self._given:
            self._given[base] += 1
            name = f"{base}-{self._given[base]}"
        self._given[name] = 1
        return name

    def _find_sequencing(self, element: etree._Element) -> Sequencing:
        """Return an element's own sequencing rules and, behind them, the shared ones it refers to."""
        own = child(element, "sequencing")
        if own is None:
            return ()
        shared = self._shared.get(attribute(own, "idref") or "")
        return (own,) if shared is None else (own, shared)

    def _find_resource(self, element: etree._Element, identifier: str) -> Resource | None:
        reference = attribute(element, "identifierref")
        if reference is None:
            return None
        resource = self._resources.get(reference)
        if resource is None or (resource.href is None and not resource.missing):
            self._findings.append(note("identifierref-dangling", identifier, reference=reference))
            return None
        if resource.href is None:
            self._findings.append(note("launch-file-missing", identifier, path=resource.missing))
        elif resource.href.startswith(("http://", "https://")):
            self._findings.append(note("launch-external", identifier, url=resource.href))
        return resource

    def _read_mastery(self, element: etree._Element, identifier: str) -> float | None:
        stated = text(child(element, "masteryscore"))
        if not stated:
            return None
        score = _read_number(stated.removesuffix("%"), 0, 100)
        if score is None:
            self._findings.append(note("mastery-score-invalid", identifier, value=stated))
        return score

    def _read_passing_score(self, sequencing: Sequencing, identifier: str) -> float | None:
        """Return what cmi.scaled_passing_score begins with (SCORM 2004 4th Ed. RTE, 4.2.21)."""
        primary = child(child_of(sequencing, "objectives"), "primaryobjective")
        if (attribute(primary, "satisfiedbymeasure") or "false").lower() not in TRUE:
            return None
        return self._read_measure(text(child(primary, "minnormalizedmeasure")) or "1.0", identifier, -1)

    def _read_threshold(self, element: etree._Element, identifier: str) -> float | None:
        """Return what cmi.completion_threshold begins with: text to the 3rd edition, attributes in the 4th."""
        threshold = child(element, "completionthreshold")
        if threshold is None:
            return None
        stated = text(threshold) or None
        if (attribute(threshold, "completedbymeasure") or "false").lower() in TRUE:
            stated = attribute(threshold, "minprogressmeasure") or stated or "1.0"
        return self._read_measure(stated, identifier, 0) if stated else None

    def _read_measure(self, stated: str, identifier: str, low: int) -> float | None:
        measure = _read_number(stated, low, 1)
        if measure is None:
            self._findings.append(note("measure-invalid", identifier, value=stated, low=low, high=1))
        return measure


def child_of(sequencing: Sequencing, name: str) -> etree._Element | None:
    """Return the first rule of a name; an element's own come before shared ones."""
    return next((found for each in sequencing if (found := child(each, name)) is not None), None)


def read_modes(sequencing: Sequencing) -> ControlModes:
    """Return the control modes, each with its default where it is not stated."""
    element = child_of(sequencing, "controlmode")
    default = ControlModes()
    return ControlModes(
        choice=_read_flag(element, "choice", default.choice),
        flow=_read_flag(element, "flow", default.flow),
        forward_only=_read_flag(element, "forwardonly", default.forward_only),
        choice_exit=_read_flag(element, "choiceexit", default.choice_exit),
    )


def add_parameters(suffix: str, parameters: str | None) -> str:
    """Return query and fragment with an item's parameters added.

    Source: SCORM 2004 4th Ed. CAM, 3.4.1.15 (the steps under `parameters`).
    """
    added = (parameters or "").lstrip("?&")
    if not added or (added.startswith("#") and "#" in suffix):
        return suffix
    if added.startswith("#"):
        return suffix + added
    return suffix + ("&" if "?" in suffix else "?") + added


def _read_flag(element: etree._Element | None, name: str, default: bool) -> bool:
    stated = (attribute(element, name) or "").lower()
    return stated in TRUE if stated in TRUE | FALSE else default


def _read_hidden(element: etree._Element) -> frozenset[str]:
    interface = child(element, "presentation", "navigationinterface")
    if interface is None:
        return frozenset()
    return frozenset(text(each) for each in children(interface, "hidelmsui") if text(each))


def _read_number(stated: str, low: int, high: int) -> float | None:
    try:
        number = float(stated.strip().replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and low <= number <= high else None


def _raw_text(element: etree._Element | None) -> str:
    """Return the text of an element with its inner white space: it is data for the course."""
    return "" if element is None else "".join(map(str, element.itertext())).strip()
