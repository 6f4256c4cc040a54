"""Every table, drawn first.

    users ──┐                     namespaces (groups and personal ones, a tree)
            ├── members ──────────┤
            │                     └── projects ── repositories ─┬─ tags ─────────┐
            │                                                   ├─ manifests ◄───┘
    credentials (tokens of people, projects, groups, jobs)      │    ├─ manifest_blobs
    signing_keys · login_failures                               │    └─ manifest_children
    sessions · second_factors · recovery_codes                  │
    passkeys · spent_challenges · identities                    │
    routes (path → namespace or project, now or formerly)       ├─ former_names · held_names
                                                                ├─ repository_blobs ── blobs ── doomed_bytes
    duties · freed · events · jobs                              └─ trash ── trash_needs
    job_allowances · protection_rules (of a project) · cleanup_policies ── cleanup_runs
    meters (of places) ─┬─ project_meters · meter_blobs · meter_changes · meter_samples
    webhooks (of places) ── webhook_deliveries
    audit (sealed events) ── audit_seals · audit_anchors · audit_digests

A path is stored in full where it is looked up (`namespaces.path`, `projects.path`, `repositories.path`), so that a
read is one indexed query; a move rewrites the paths below it in one transaction. Text is compared byte by byte in both
databases (`PATH` carries collation C on PostgreSQL), so that listings have one order everywhere.

`review_after` is the queue of `domain/garbage.py`: rows that have it may have become unreachable, and are looked at
once that moment has passed; null means that the last look found them needed and that nothing has changed since.
"""

from wharfinger.db.tables import (
    audit,
    cleanup,
    images,
    operation,
    people,
    places,
    protection,
    renaming,
    sessions,
    trash,
    usage,
    webhooks,
    work,
)
from wharfinger.db.tables.columns import metadata

__all__ = [
    "audit",
    "cleanup",
    "images",
    "metadata",
    "operation",
    "people",
    "places",
    "protection",
    "renaming",
    "sessions",
    "trash",
    "usage",
    "webhooks",
    "work",
]
