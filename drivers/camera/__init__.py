"""Cameras: a port that yields frames, the OpenCV adapter for devices and URLs, and a simulated twin."""
