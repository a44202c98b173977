"""The rules, pure: who is who, what is known of a person, what a client's JSON means. No database, no settings."""
