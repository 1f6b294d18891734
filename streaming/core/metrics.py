"""What the server counts of itself, for `/metrics` (Prometheus).

One place names every metric; the code that knows a number adds to it there and then. What is read
only when somebody asks (sessions, memory) is in `server_gauges.py`.
"""

from prometheus_client import Counter, Histogram

SHORT = (
    0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.0125, 0.015, 0.02, 0.025, 0.03, 0.04, 0.06,
    0.08, 0.12, 0.2, 0.5, 1.0,
)  # fmt: skip
LONG = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)

OPENED = Counter("avatar_sessions_opened", "Calls that were given a place.")
CLOSED = Counter("avatar_sessions_closed", "Calls that ended, and why.", ["reason"])
RESTARTS = Counter("avatar_ice_restarts", "Calls that went on over another path of the network.")
REFUSED = Counter("avatar_refused", "Callers who were refused, and why.", ["code"])
DROPPED_PACKETS = Counter(
    "avatar_dropped_packets", "Packets of callers that were too many or made no sense.", ["what"]
)
LENGTH = Histogram(
    "avatar_session_seconds",
    "How long calls lasted.",
    buckets=(1, 5, 15, 60, 300, 900, 3600, 4 * 3600),
)

ANSWER = Histogram("avatar_answer_seconds", "From an offer to its answer.", buckets=LONG)
CONNECT = Histogram("avatar_connect_seconds", "From an offer to the connection.", buckets=LONG)
_STAGE = Histogram(
    "avatar_stage_seconds", "Where the delay of a picture is spent.", ["stage"], buckets=SHORT
)
SOUND_STAGE = _STAGE.labels("sound")  # a frame's sound was due until it was all there
RENDER_STAGE = _STAGE.labels("render")  # one step of the renderer, for all callers due in it
PICTURE_STAGE = _STAGE.labels("picture")  # sound handed to the renderer until the picture is here
FINISHED_STAGE = _STAGE.labels("finished")  # last sound a picture needs was due until it is here
PICTURE_ENCODING = _STAGE.labels("encode_picture")  # VP8 and its packets
VOICE_ENCODING = _STAGE.labels("encode_voice")  # Opus and its packet

PICTURES = Counter("avatar_pictures", "Pictures that left.")
LATE = Counter("avatar_pictures_late", "Pictures repeated or skipped for being late.", ["how"])
REPEATED, SKIPPED = LATE.labels("repeated"), LATE.labels("skipped")
LATE_STAGE = Counter(
    "avatar_pictures_late_stage",
    "Pictures of calls that were late, by what made them so.",
    ["stage"],
)
SOUND_GAPS = Counter("avatar_sound_gaps", "Gaps in the sound of callers.")
SOUND_GAP_SECONDS = Counter("avatar_sound_gap_seconds", "Sound of callers that was made up.")
SKEW = Histogram(
    "avatar_skew_seconds",
    "How far apart a picture and its voice left, beyond the planned lead of the voice.",
    buckets=SHORT,
)
TALK_STAGE = Histogram(
    "avatar_talk_seconds",
    "From the last sound of a person in a conversation, as it came here, to stages of the answer.",
    ["stage"],
    buckets=(*(n / 20 for n in range(1, 31)), 2.0, 3.0, 5.0, 10.0, 20.0),
)
LOOP_LAG = Histogram(
    "avatar_event_loop_lag_seconds", "How late the event loop wakes up.", buckets=SHORT
)

RENDERER_STARTS = Counter("avatar_renderer_starts", "Starts of the rendering process.")
WORKER_STARTS = Counter("avatar_worker_starts", "Starts of media workers.")
FAILED_STEPS = Counter("avatar_renderer_failed_steps", "Steps that brought no picture.")
DROPPED_CHUNKS = Counter(
    "avatar_renderer_dropped_chunks", "Pictures not drawn because the renderer was behind."
)
