"""Conversations, at the path that the deployment task of Hermes-2 names."""

from reference_services.chat.orchestrator import ConversationOrchestrator

__all__ = ["ConversationOrchestrator"]
