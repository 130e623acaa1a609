"""Notifications: recorded changes of an archive, kept until somebody has read them, and delivered to webhooks and folders."""
