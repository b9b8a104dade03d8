"""What a page is made of, as a reader of HTML sees it."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Elements of a page in their order, with attributes and text.

    Attributes:
        elements: tag and attributes of each.
        headings: level and text of each.
        texts: text of each element by its tag; nested ones are part of what they stand in.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.headings: list[tuple[int, str]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append((tag, []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element that holds nothing."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Keep text in everything that it stands in."""
        for _, parts in self._open:
            parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Keep what an element held; elements close in their order."""
        name, parts = self._open.pop()
        assert name == tag, f"</{tag}> closes <{name}>"
        text = " ".join("".join(parts).split())
        self.texts.append((tag, text))
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append((int(tag[1]), text))

    def of(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of all elements of a tag."""
        return [attributes for name, attributes in self.elements if name == tag]

    def text_of(self, tag: str) -> list[str]:
        """Return the texts of all elements of a tag."""
        return [text for name, text in self.texts if name == tag]
