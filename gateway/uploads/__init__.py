"""Files on their way in: multipart bodies, what a file is, and its bytes into storage."""
