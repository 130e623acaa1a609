"""The feed database: build, open, and all SQL on it."""
