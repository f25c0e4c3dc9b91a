"""A deployment: what is judged, where the document's addresses really are, and what is out of reach."""

from signoff.acceptance.deployment.deployment import Deployment, Library, Start, from_target
from signoff.acceptance.deployment.deployment_file import AUTHORIZATION
from signoff.acceptance.deployment.loading import load

__all__ = ["AUTHORIZATION", "Deployment", "Library", "Start", "from_target", "load"]
