"""What GitLab says of a project and a group besides, about things that are not here: code, issues, pipelines.

Clients that compare what they asked for with what is told (Terraform's provider) find GitLab's defaults, so that they
have nothing to change. What is sent of it is passed over.
"""

from typing import Final, Literal

from wharfinger.web.api.shapes import Shape

Level = Literal["disabled", "private", "enabled", "public"]
ON: Final[Level] = "enabled"


class OfProject(Shape):
    """A project's settings for what is not here."""

    import_status: str = "none"  # clients wait for anything else to become "finished"
    empty_repo: bool = True
    request_access_enabled: bool = True
    issues_enabled: bool = True
    merge_requests_enabled: bool = True
    jobs_enabled: bool = True
    wiki_enabled: bool = True
    snippets_enabled: bool = True
    packages_enabled: bool = True
    lfs_enabled: bool = True
    shared_runners_enabled: bool = True
    approvals_before_merge: int = 0
    merge_method: str = "merge"
    squash_option: str = "default_off"
    only_allow_merge_if_pipeline_succeeds: bool = False
    only_allow_merge_if_all_discussions_are_resolved: bool = False
    allow_merge_on_skipped_pipeline: bool = False
    remove_source_branch_after_merge: bool = False
    resolve_outdated_diff_discussions: bool = False
    printing_merge_request_link_enabled: bool = True
    autoclose_referenced_issues: bool = True
    merge_pipelines_enabled: bool = False
    merge_trains_enabled: bool = False
    mirror: bool = False
    ci_config_path: str = ""
    ci_default_git_depth: int = 20
    ci_forward_deployment_enabled: bool = True
    build_timeout: int = 3600
    build_git_strategy: str = "fetch"
    auto_cancel_pending_pipelines: str = "enabled"
    auto_devops_enabled: bool = False
    auto_devops_deploy_strategy: str = "continuous"
    public_jobs: bool = True
    emails_disabled: bool = False
    analytics_access_level: Level = ON
    builds_access_level: Level = ON
    forking_access_level: Level = ON
    issues_access_level: Level = ON
    merge_requests_access_level: Level = ON
    pages_access_level: Level = "private"
    repository_access_level: Level = ON
    snippets_access_level: Level = ON
    wiki_access_level: Level = ON


class OfGroup(Shape):
    """A group's settings for what is not here; and those that are as they are here for every group."""

    project_creation_level: str = "maintainer"
    subgroup_creation_level: str = "maintainer"
    require_two_factor_authentication: bool = False
    two_factor_grace_period: int = 48
    request_access_enabled: bool = False
    share_with_group_lock: bool = False
    mentions_disabled: bool = False
    emails_disabled: bool = False
    lfs_enabled: bool = True
    auto_devops_enabled: bool = False
    default_branch_protection: int = 2
