"""A template in one piece, put together when it is loaded: a page with its parents and all that it includes.

Django finds the blocks of the parents again for each page, and pushes a context for each block and include: a
fifth of what a template costs ("purchase with its mail" of the benchmark).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

Read = Callable[[str], str | None]  # the source of the template of this name; None if it is not one of ours

_COMMENT: Final = re.compile(r"{% comment %}.*?{% endcomment %}", re.S)
_EXTENDS: Final = re.compile(r'\A\s*{% extends "([^"]+)" %}')
_BLOCK: Final = re.compile(r"({% block \w+ %}|{% endblock(?: \w+)? %})")
_INCLUDE: Final = re.compile(r'{% include "(?P<name>[^"]+)"(?: with (?P<values>(?:(?!%}| only ).)+))? %}')
_LOAD: Final = re.compile(r"{% load [^%]+ %}")
_SETS_VARIABLE: Final = re.compile(r"{% \w+ [^%]*\bas \w+ %}")
_SUPER: Final = "{{ block.super }}"


@dataclass(frozen=True)
class _PageBlock:
    name: str
    parts: _Parts


_Parts = tuple[str | _PageBlock, ...]


def assembled(source: str, read: Read) -> str:
    """The source with all that it extends and includes by a fixed name. It shows the same to the letter."""
    source = _with_includes(_COMMENT.sub("", source), read, frozenset())
    tree = _tree(source, read)
    return source if tree is None else "".join(_texts(tree))


def _tree(source: str, read: Read) -> _Parts | None:
    """None if one of those that it extends is only known when a page is made."""
    if not source.lstrip().startswith("{% extends "):
        return _parse(source)
    extends = _EXTENDS.match(source)
    parent = read(extends[1]) if extends else None
    if extends is None or parent is None:
        return None
    above = _tree(_with_includes(_COMMENT.sub("", parent), read, frozenset()), read)
    if above is None:
        return None
    own = _parse(source[extends.end() :])
    loads = "".join(tag for part in own if isinstance(part, str) for tag in _LOAD.findall(part))
    return loads, *_with_blocks(above, {block.name: block for block in _blocks(own)})


def _with_includes(source: str, read: Read, within: frozenset[str]) -> str:
    """What is included stands in place, unless it extends or has blocks itself, or includes itself."""

    def included(tag: re.Match[str]) -> str:
        name, values = tag["name"], tag["values"]
        text = read(name) if name not in within else None
        if text is None or _BLOCK.search(text) or "{% extends " in text:
            return tag[0]
        text = _with_includes(_COMMENT.sub("", text), read, within | {name})
        return f"{{% with {values.strip()} %}}{text}{{% endwith %}}" if values else _scoped(text)

    return _INCLUDE.sub(included, source)


def _scoped(text: str) -> str:
    """A variable that is set within ends with it, as at the end of a block or an include."""
    return f"{{% with scope=None %}}{text}{{% endwith %}}" if _SETS_VARIABLE.search(text) else text


def _parse(source: str) -> _Parts:
    """The source as texts and blocks, which hold texts and blocks."""
    open_blocks: list[tuple[str, list[str | _PageBlock]]] = [("", [])]
    for part in _BLOCK.split(source):
        if part.startswith("{% block "):
            open_blocks.append((part.split()[2], []))
        elif part.startswith("{% endblock") and len(open_blocks) > 1:
            name, parts = open_blocks.pop()
            open_blocks[-1][1].append(_PageBlock(name, tuple(parts)))
        else:
            open_blocks[-1][1].append(part)
    return tuple(open_blocks[0][1])


def _blocks(parts: _Parts) -> Iterator[_PageBlock]:
    for part in parts:
        if isinstance(part, _PageBlock):
            yield part
            yield from _blocks(part.parts)


def _with_blocks(parts: _Parts, blocks: Mapping[str, _PageBlock]) -> _Parts:
    """The parts of a parent with the blocks of its child in the place of its own."""
    return tuple(part if isinstance(part, str) else _chosen(part, blocks) for part in parts)


def _chosen(block: _PageBlock, blocks: Mapping[str, _PageBlock]) -> _PageBlock:
    inner = replace(block, parts=_with_blocks(block.parts, blocks))
    child = blocks.get(block.name)
    return inner if child is None else replace(child, parts=tuple(_with_super(child.parts, inner)))


def _with_super(parts: _Parts, parent: _PageBlock) -> Iterator[str | _PageBlock]:
    for part in parts:
        if isinstance(part, _PageBlock):
            yield replace(part, parts=tuple(_with_super(part.parts, parent)))
        else:
            before, *after = part.split(_SUPER)
            yield before
            for text in after:
                yield from (*parent.parts, text)


def _texts(parts: _Parts) -> Iterator[str]:
    for part in parts:
        yield part if isinstance(part, str) else _scoped("".join(_texts(part.parts)))
