"""What is remembered of what happened, and for how long."""

from wharfinger.config.sections.section import Section, setting


class Audit(Section):
    """The audit log."""

    keep_months: int = setting(
        24, "Whole months that are kept before the present one; older ones are dropped. 0 is for ever.", hot=True,
        ge=0, le=1200,
    )  # fmt: skip
    pulls: float = setting(
        0.0, "Share of pulls of manifests that is written down: 0 is none, 1 every one, 0.01 one in a hundred.",
        hot=True, ge=0, le=1,
    )  # fmt: skip
