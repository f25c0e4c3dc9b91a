"""Sessions, at the path that the deployment task of Hermes-2 names."""

from signoff.reference_services.chat.sessions.sessions import SessionManager

__all__ = ["SessionManager"]
