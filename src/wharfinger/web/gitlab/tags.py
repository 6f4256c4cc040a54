"""Tags of a repository: a page of them, sorted and filtered, or one with the image behind it."""

import base64
from datetime import UTC, datetime
from typing import Any, Final

from wharfinger.domain import details, tags
from wharfinger.domain.details import Config, Image
from wharfinger.domain.tags import Filter, Sort, Speaker, Tag
from wharfinger.rules.paging import Marker, Page, Window
from wharfinger.spec import name as names
from wharfinger.spec.errors import Malformed, quoted
from wharfinger.web.gitlab.call import Call, moment
from wharfinger.web.gitlab.errors import ParameterInvalid
from wharfinger.web.respond import Answer, json_answer

_SORTS: Final = ("name", "-name", "published_at", "-published_at")
_PLUS: Final = (" ", "+")  # a plus sign is a space in a query, if the client did not escape it
_PART: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_MOST_TYPES: Final = 20


def get_list(call: Call) -> Answer:
    """GET: `n` tags after `last` or before `before`; of a `name` in part or `name_exact`; with `referrers` if wanted.

    Markers are names or, where `sort` is by published_at, base64 of a moment, a bar and the name.
    """
    wanted, window = _filter(call), _window(call)
    page = tags.list_tags(call.tools, call.caller, call.name, wanted, window)
    speakers = _speakers(call, page.items)
    shown = [_shape(tag) | ({} if speakers is None else _spoken(speakers.get(tag.digest, []))) for tag in page.items]
    return json_answer(shown, _links(call, page))


def get_detail(call: Call) -> Answer:
    """GET: one tag, and the image or index behind it."""
    tag, image = details.of_tag(call.tools, call.caller, call.name, names.tag(call.tag))
    shown = {"repository": tag.repository, "name": tag.name, "image": _image(image)}
    return json_answer(shown | _times(tag), [])


# --- what is asked for


def _filter(call: Call) -> Filter:
    part, exact, sort = call.request.query("name"), call.request.query("name_exact"), _sort(call)
    if part is not None and exact is not None:
        raise ParameterInvalid("name and name_exact exclude each other: send one of them", "name_exact")
    if part is not None and (len(part) > names.LONGEST_TAG or not part or not _PART.issuperset(part)):
        raise ParameterInvalid(f"name is {quoted(part)}; no tag contains that", "name")
    if exact is not None:
        return Filter(exact=_tag("name_exact", exact))
    by = Sort.PUBLISHED if sort.endswith("published_at") else Sort.NAME
    return Filter(part=part or "", sort=by, descending=sort.startswith("-"))


def _window(call: Call) -> Window:
    limit, last, before = call.page_size(), call.request.query("last"), call.request.query("before")
    if last is not None and before is not None:
        raise ParameterInvalid("last and before exclude each other: send one of them", "before")
    if call.request.query("name_exact") is not None:
        return Window(limit)
    dated = _sort(call).endswith("published_at")
    return Window(limit, after=_marker("last", last, dated=dated), before=_marker("before", before, dated=dated))


def _sort(call: Call) -> str:
    text = call.request.query("sort")
    if text is not None and text.startswith(_PLUS) and text[1:] in _SORTS and text[1] != "-":
        return text[1:]
    return call.choice("sort", _SORTS, "name")


def _marker(parameter: str, text: str | None, *, dated: bool) -> Marker | None:
    if text is None:
        return None
    if not dated:
        return Marker(_tag(parameter, text))
    try:
        at, bar, name = base64.b64decode(text, validate=True).decode("ascii").strip().partition("|")
        value = datetime.fromisoformat(at)
        if not bar:
            raise ValueError(text)
    except (ValueError, OverflowError) as error:
        raise ParameterInvalid(
            f"{parameter} is {quoted(text)}; it is base64 of <moment>|<tag> here", parameter
        ) from error
    return Marker(_tag(parameter, name), value if value.tzinfo else value.replace(tzinfo=UTC))


def _tag(parameter: str, text: str) -> str:
    try:
        return names.tag(text)
    except Malformed as error:
        raise ParameterInvalid(f"{parameter} is not a tag: {error.sentence}", parameter) from error


def _speakers(call: Call, found: list[Tag]) -> dict[str, list[Speaker]] | None:
    """By digest, if asked for."""
    kinds = [kind for kind in (call.request.query("referrer_type") or "").split(",") if kind]
    if len(kinds) > _MOST_TYPES:
        raise ParameterInvalid(f"referrer_type names {len(kinds)} types, {_MOST_TYPES} are the most", "referrer_type")
    if call.choice("referrers", ("true", "false"), "false") != "true":
        return None
    return tags.speakers(call.tools, call.caller, call.name, {tag.digest for tag in found}, kinds)


# --- what is told


def _links(call: Call, page: Page[Tag]) -> list[tuple[bytes, bytes]]:
    ways = []
    if page.before:
        ways.append(call.link("previous", before=_text(page.before)))
    if page.after:
        ways.append(call.link("next", last=_text(page.after)))
    return [(b"link", ", ".join(ways).encode())] if ways else []


def _text(marker: Marker) -> str:
    """A marker as a client sends it back."""
    if not isinstance(marker.value, datetime):
        return marker.name
    at = marker.value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return base64.b64encode(f"{at}|{marker.name}".encode()).decode()


def _shape(tag: Tag) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": tag.name, "digest": tag.digest}
    if tag.config_digest is not None:
        shown["config_digest"] = tag.config_digest
    return shown | {"media_type": tag.media_type, "size_bytes": tag.total_size_bytes} | _times(tag)


def _times(tag: Tag) -> dict[str, str]:
    """When it was made, when it was moved last, if ever, and the later of both."""
    moved = {"updated_at": moment(tag.published_at)} if tag.published_at > tag.created_at else {}
    return {"created_at": moment(tag.created_at), **moved, "published_at": moment(tag.published_at)}


def _spoken(speakers: list[Speaker]) -> dict[str, Any]:
    return {"referrers": [{"artifactType": one.artifact_type, "digest": one.digest} for one in speakers]}


def _image(image: Image) -> dict[str, Any]:
    manifest: dict[str, Any] = {"digest": image.digest, "media_type": image.media_type}
    if image.references:
        manifest["references"] = [_image(one) for one in image.references]
    shown = {"size_bytes": image.size_bytes, "manifest": manifest}
    return shown | ({"config": _config(image.config)} if image.config else {})


def _config(config: Config) -> dict[str, Any]:
    shown: dict[str, Any] = {"digest": config.digest, "media_type": config.media_type}
    if config.platform:
        os, _, architecture = config.platform.partition("/")
        shown["platform"] = {"architecture": architecture.partition("/")[0], "os": os}
    return shown
