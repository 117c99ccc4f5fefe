"""Modules that other packages import and no forecast uses, loaded when something of them is asked for.

Importing this module defers them. Loading them takes longer than a fit.
"""

from __future__ import annotations

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec

SPARE = (
    "scipy.stats",  # statsmodels, for samplers
    "scipy.spatial",  # scipy.optimize, for one of its methods
    "numpy.f2py",  # scipy.sparse, for a copy of numpy's names
    "numpy.testing",
)


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


for spare in SPARE:
    defer(spare)
