"""A deployment: the services under test, the real addresses for the document's, and criteria out of reach."""

from signoff.acceptance.deployment.deployment import Deployment, Library, Start, from_target
from signoff.acceptance.deployment.deployment_file import AUTHORIZATION
from signoff.acceptance.deployment.loading import load

__all__ = ["AUTHORIZATION", "Deployment", "Library", "Start", "from_target", "load"]
