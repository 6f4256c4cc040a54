"""What cleanup would take: every tag of a project with the reason, and totals for all projects of a group."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from wharfinger.domain.cleanup import policies, preview
from wharfinger.domain.cleanup.evaluate import Findings
from wharfinger.domain.cleanup.policies import INSTANCE
from wharfinger.domain.cleanup.preview import Preview, Share
from wharfinger.domain.cleanup.terms import FIRST, Terms
from wharfinger.rules.cleanup import Reason, Verdict
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.cleanup import PolicyChanges, changed
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Moment, Shape

router = APIRouter(tags=["cleanup"])

Which = Annotated[str, Query(description="of which policy")]
After = Annotated[int, Query(ge=0, le=10**18, description="projects with larger numbers")]
_MOST_TAGS = 10_000


class PreviewedTag(Shape):
    """What would become of a tag; `because` follows "it"."""

    name: str
    path: str
    goes: bool
    reason: Reason
    because: str
    policy: str
    published_at: Moment


class PreviewShape(Shape):
    """What would go. Of more than 10000 tags those that go come first; the totals are of all."""

    tags_count: int
    removed_count: int
    untagged_count: int
    freed_bytes: int
    reasons: Mapping[Reason, int]
    tags: list[PreviewedTag]
    untagged: list[str]


class ProjectPreview(Shape):
    """What would go in a project; `holds`: whether the policy counts there, or any does."""

    project_id: int
    path: str
    holds: bool
    tags_count: int
    removed_count: int
    untagged_count: int
    freed_bytes: int


@router.get("/projects/{id}/cleanup/preview")
def preview_all(call: ApiCall, key: Key) -> PreviewShape:
    """What all policies that hold in a project would take now, and why the rest stays. Nothing is changed."""
    return _shape(preview.of_all(call.tools, call.caller, places.project(call, key).path))


@router.post("/projects/{id}/cleanup/preview")
def preview_one(
    call: ApiCall, key: Key, asked: PolicyChanges, name: Annotated[str, Query(description="of which policy")] = FIRST
) -> PreviewShape:
    """What a policy would take that said this, beside the others. Nothing is changed."""
    project = places.project(call, key)
    found = changed(policies.get(call.tools, call.caller, project.path, name), name, asked)
    return _shape(preview.of_terms(call.tools, call.caller, project.path, found))


@router.get("/groups/{id}/cleanup/preview")
def preview_group(call: ApiCall, key: Key, paging: Paged, after: After = 0) -> list[ProjectPreview]:
    """What all policies that hold would take in a group, by project; `Link` leads to the next ones."""
    return _page(call, places.group(call, key).path, None, paging, after)


@router.post("/groups/{id}/cleanup/preview")
def preview_of_group(
    call: ApiCall, key: Key, asked: PolicyChanges, paging: Paged, *, name: Which = FIRST, after: After = 0
) -> list[ProjectPreview]:
    """What a policy of a group would take that said this and were on, by project. Nothing is changed."""
    group = places.group(call, key).path
    return _page(call, group, _supposed(call, group, name, asked), paging, after)


@router.get("/admin/cleanup/preview")
def preview_instance(call: ApiCall, paging: Paged, after: After = 0) -> list[ProjectPreview]:
    """What all policies that hold would take anywhere, by project, for administrators."""
    return _page(call, INSTANCE, None, paging, after)


@router.post("/admin/cleanup/preview")
def preview_of_instance(
    call: ApiCall, asked: PolicyChanges, paging: Paged, *, name: Which = FIRST, after: After = 0
) -> list[ProjectPreview]:
    """What a policy of the instance would take that said this and were on, by project, for administrators."""
    return _page(call, INSTANCE, _supposed(call, INSTANCE, name, asked), paging, after)


def _supposed(call: Call, place: str, name: str, asked: PolicyChanges) -> Terms:
    return changed(policies.get(call.tools, call.caller, place, name), name, asked)


def _page(call: Call, place: str, terms: Terms | None, paging: Paged, after: int) -> list[ProjectPreview]:
    found = preview.of_place(call.tools, call.caller, place, terms, after=after, limit=paging.per_page)
    paging.link_next(after=str(found.after) if found.after else None)
    return [_project(one) for one in found.projects]


def _project(one: Share) -> ProjectPreview:
    return ProjectPreview(
        project_id=one.id,
        path=one.path,
        holds=one.holds,
        tags_count=one.tags,
        removed_count=one.goes,
        untagged_count=one.manifests,
        freed_bytes=one.size_bytes,
    )


def _shape(found: Preview) -> PreviewShape:
    all_of_them = [(verdict, place) for place in found.repositories for verdict in place.verdicts]
    going_first = sorted(all_of_them, key=lambda each: not each[0].goes)[:_MOST_TAGS]
    return PreviewShape(
        tags_count=found.tags,
        removed_count=found.goes,
        untagged_count=found.manifests,
        freed_bytes=found.size_bytes,
        reasons=Counter(verdict.reason for verdict, _ in all_of_them),
        tags=[_tag(verdict, place) for verdict, place in going_first],
        untagged=[f"{place.path}@{one.digest}" for place in found.repositories for one in place.loose][:_MOST_TAGS],
    )


def _tag(verdict: Verdict, place: Findings) -> PreviewedTag:
    return PreviewedTag(
        name=verdict.tag.name,
        path=f"{place.path}:{verdict.tag.name}",
        goes=verdict.goes,
        reason=verdict.reason,
        because=place.because(verdict),
        policy=place.about[verdict.policy].terms.name,
        published_at=verdict.tag.pushed_at,
    )
