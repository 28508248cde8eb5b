"""Make applications cheaply: hundreds of tests make one each, all with the same hundred routes."""

from typing import Any

import pytest
from werkzeug.routing import Map, Rule


def remember_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let werkzeug compile the text of a route once, not anew for every application.

    What comes of a route's text is never changed after that, and depends on nothing else where the map is as Flask
    makes it and the route has no defaults; another route is compiled as ever. Which view a route leads to, its methods
    and its application stay its own.
    """
    compile_route = Rule.compile
    usual = Map()
    remembered: dict[str, Rule] = {}

    def compile_once(rule: Rule) -> None:
        is_usual = _kind_of(rule.map) == _kind_of(usual)
        if not is_usual or rule.defaults or rule.subdomain or rule.host or not rule.merge_slashes:
            compile_route(rule)
        elif rule.rule in remembered:
            _take_over(rule, remembered[rule.rule])
        else:
            compile_route(rule)
            remembered[rule.rule] = rule

    monkeypatch.setattr(Rule, "compile", compile_once)


def _kind_of(routes: Map) -> tuple[Any, ...]:
    return routes.host_matching, routes.converters, routes.sort_parameters


def _take_over(rule: Rule, compiled: Rule) -> None:
    rule._parts, rule._trace, rule._converters = compiled._parts, compiled._trace, compiled._converters
    rule.arguments |= compiled.arguments
    rule._build = compiled._build.__func__.__get__(rule, None)  # type: ignore[attr-defined]  # bound by werkzeug
    rule._build_unknown = compiled._build_unknown.__func__.__get__(rule, None)  # type: ignore[attr-defined]
