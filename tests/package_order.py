"""The packages from the top down: one imports what stands below it, never what stands above."""

AVATAR = (
    "evaluation",
    "training",
    "benchmark",
    "rendering",
    "speakers",
    "config",
    "models",
    "audio",
    "media",
)
STREAMING = (
    "cli",
    "commands",
    "desktop",
    "doctor",
    "benchmark",
    "cluster",
    "workers",
    "server",
    "talk",
    "doors",
    "webrtc",
    "sinks",
    "devices",
    "media",
    "render",
    "security",
    "marks",
    "core",
)
