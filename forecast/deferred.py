"""Modules that other packages import and we may never use, loaded when something of them is asked for."""

from __future__ import annotations

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec


def defer(name: str) -> None:
    """Let imports of a module cost nothing until one of its names is asked for.

    Examples
    --------
    >>> defer("xml.dom")
    >>> import xml.dom
    >>> xml.dom.XML_NAMESPACE
    'http://www.w3.org/XML/1998/namespace'
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent, _, own = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], own, module)  # as an import does
