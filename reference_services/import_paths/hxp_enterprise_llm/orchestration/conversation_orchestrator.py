"""Conversations, at the path that the deployment task of Hermes-2 names."""

from signoff.reference_services.chat.serving.orchestrator import ConversationOrchestrator

__all__ = ["ConversationOrchestrator"]
