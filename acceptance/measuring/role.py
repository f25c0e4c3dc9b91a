"""Roles of a document without an address: a gateway, a Prometheus, a dashboard."""

from __future__ import annotations

from typing import Any

from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Record
from signoff.acceptance.measuring.site import Site


def named_url(site: Site, role: str) -> str:
    """The deployment's URL of a role without a customary address. Raises NotMeasurable if there is none."""
    url, named = site.deployment.role_url(role, "")
    if not named:
        raise NotMeasurable(f"the deployment does not say where the {role} is", hint(role))
    return _sound(role, url)


def ask(
    site: Site,
    role: str,
    path: str,
    *,
    default: str | None = None,
    method: str = "GET",
    body: Any = None,
    is_found: bool = False,
) -> Record:
    """Send a request to the service of a role; the record says whether the deployment `named` it.

    `default` is the customary path at the target, None if nothing is customary; `is_found` where the role was
    seen there already. Raises NotMeasurable for a 404 at a path that is only customary, and where a key is wanted
    that is not sent to this origin.
    """
    if default is None:
        url, named = named_url(site, role), True
    else:
        url, named = site.deployment.role_url(role, default)
        url = _sound(role, url)
    url = site.deployment.request_url(url, path)
    answer = site.ask(method, path, url=url, body=body)
    if answer["status"] == 404 and not (named or is_found):
        raise NotMeasurable(f"{url} gives 404, and the deployment does not say where the {role} is", hint(role))
    if answer["status"] in (401, 403) and not site.deployment.headers(url):
        raise NotMeasurable(
            f"{url} gives {answer['status']}: the {role} requires a key, and the deployment has none",
            f'add {role} = "VARIABLE" under [api_keys] of the deployment file, or make it readable without a key',
        )
    return {**answer, "named": named}


def hint(role: str) -> str:
    """The entry for a deployment file that makes a role measurable."""
    return f'add {role} = "http://HOST:PORT" under [addresses] of the deployment file'


def _sound(role: str, url: str) -> str:
    if "://" not in url:
        raise NotMeasurable(f"the deployment gives {url} for the {role}, which is not a URL", hint(role))
    return url
