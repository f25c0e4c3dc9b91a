"""The address of metrics under load: from the deployment, the document, or the default path."""

from __future__ import annotations

from urllib.parse import urlsplit

from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.measuring.site import Site
from signoff.perf.server_side.scrape import Source

ROLE = "metrics"
PATH = "/metrics"
SIGNS_OF_ADDRESS = "://"


def sources(site: Site) -> list[Source]:
    """The addresses to try, in order, each with its own key.

    `metrics` under `[addresses]` of the deployment; the document's address for this service's
    metrics; the target's own `/metrics`.
    """
    named = site.deployment.addresses.get(ROLE, "")
    found = [_with_path(site, named)] if SIGNS_OF_ADDRESS in named else []
    for criterion in site.criteria:
        request = criterion.parameters.get("request")
        if criterion.kind != "metrics" or not isinstance(request, dict) or criterion.service not in ("", site.service):
            continue
        try:
            origin, _ = site.deployment.url(request.get("address"), site.primary_address)
            found.append(site.deployment.request_url(origin, str(request.get("path", PATH))))
        except NotMeasurable:  # the document's address is not named, or its path leads elsewhere: nothing is sent
            continue
    found.append(site.deployment.request_url(site.deployment.target, PATH))
    return [Source(url, site.deployment.headers(url)) for url in dict.fromkeys(found)]


def _with_path(site: Site, url: str) -> str:
    return site.deployment.request_url(url, "" if urlsplit(url).path.strip("/") else PATH)
