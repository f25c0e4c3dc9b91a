"""How much is measured before a verdict, and with which error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """`alpha` is the probability of a wrong pass, and of a wrong fail, that each verdict may carry.

    A load run lasts `load_s`, and longer where that does not give each request of the document `requests_each`.
    """

    name: str
    alpha: float
    load_s: float
    requests_each: int
    conversations: int
    cold_starts: int


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("quick", alpha=0.05, load_s=60, requests_each=500, conversations=60, cold_starts=5),
        Profile("signoff", alpha=0.01, load_s=320, requests_each=2000, conversations=160, cold_starts=10),
    )
}
