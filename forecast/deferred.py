"""Modules that other people's packages import and we may never use, loaded when they are."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


class _Deferred(ModuleType):
    """A module that is executed when something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        spec = self.__spec__
        if spec is None or spec.loader is None:  # `defer` leaves such modules alone
            raise ImportError(f"{self.__name__} cannot be loaded")
        self.__class__ = ModuleType  # type: ignore[assignment]  # from here on like any other
        self.__path__ = list(spec.submodule_search_locations or ())
        spec.loader.exec_module(self)
        return getattr(self, name)


def defer(name: str) -> None:
    """Let imports of a package cost nothing until one of its names is asked for.

    Examples
    --------
    >>> defer("xml.dom")
    >>> import xml.dom
    >>> xml.dom.XML_NAMESPACE
    'http://www.w3.org/XML/1998/namespace'
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None or spec.submodule_search_locations is None:
        return
    module = importlib.util.module_from_spec(spec)
    del module.__path__  # asked for by an import of something inside, which needs the package itself
    module.__class__ = _Deferred
    sys.modules[name] = module
    parent, _, own = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], own, module)  # as an import does
