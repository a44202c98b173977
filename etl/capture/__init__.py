"""Capture: unmodified PostHog SDKs send their events here, and a 200 means that they are committed to landing.

``body`` unpacks, ``request`` finds token and events, ``privacy`` removes what must not be kept, ``writer`` commits many
requests in one transaction, ``app`` answers, ``server`` listens.
"""
