"""What people write about their projects and groups: CommonMark, shown as HTML that can do nothing.

Markup of their own stays text, of pictures their text is shown (whoever has them would learn who looks), and links lead
to web pages, to mail or to somewhere on this server.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

_LEADS_SOMEWHERE: Final = re.compile(r"https?://|mailto:|#|/(?![/\\])", re.IGNORECASE)
_LOWEST_HEADING: Final = 6


class _Reader(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's word
        """Is a link made of this address, or left as it was written?"""
        return _LEADS_SOMEWHERE.match(url) is not None


def _text_of_picture(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return str(escape(renderer.renderInlineAsText(tokens[at].children or [], options, env)))


_READER: Final = _Reader("commonmark", {"html": False, "breaks": True})
_READER.add_render_rule("image", _text_of_picture)


def prose(text: str) -> Markup:
    """A description as HTML. The page has the first heading, so what is a first one here becomes a second."""
    tokens = _READER.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, _LOWEST_HEADING)}"
        for part in token.children or ():
            if part.type == "link_open":
                part.attrSet("rel", "nofollow noopener noreferrer")
    return Markup(_READER.renderer.render(tokens, _READER.options, {}))  # noqa: S704 - all text in it is escaped
