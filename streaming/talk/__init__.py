"""Conversations: pipecat holds them, a call is their transport, pushed speech their voice."""
