"""A deployment: what is judged, where the document's addresses really are, and what is out of reach."""

from acceptance.deployment.deployment import Deployment, Library, Start, from_target
from acceptance.deployment.deployment_file import AUTHORIZATION
from acceptance.deployment.loading import load

__all__ = ["AUTHORIZATION", "Deployment", "Library", "Start", "from_target", "load"]
