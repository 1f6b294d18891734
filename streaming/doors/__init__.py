"""Ways in that are not the page: speech from any agent, answered by the face."""
