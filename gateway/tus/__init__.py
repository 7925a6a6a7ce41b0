"""Uploads that can be resumed (tus 1.0.0) at `/files/tus`: how they are asked for, kept, and become files."""
