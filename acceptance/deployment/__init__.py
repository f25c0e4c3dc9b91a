"""A deployment: the services under test, the real addresses for the document's, and criteria out of reach."""

from signoff.acceptance.deployment.deployment import CalledLibrary, Deployment, ServiceStart, from_target
from signoff.acceptance.deployment.deployment_file import AUTHORIZATION
from signoff.acceptance.deployment.loading import load

__all__ = ["AUTHORIZATION", "CalledLibrary", "Deployment", "ServiceStart", "from_target", "load"]
