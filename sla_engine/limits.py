"""Every bound of the engine in one place (design section 3, promise 8: everything is bounded).

The first half is fixed by contracts section 1 and policy-language; the second half is the engine's
own. A number that a setting can change is the default of that setting.
"""

from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

KIB: Final = 1024
MIB: Final = 1024 * KIB

# -- events (contracts section 1) --------------------------------------------------------------

EVENT_BYTES_MAX: Final = 64 * KIB
"""A larger event is TOO_LARGE: one event must never fill a turn."""
EVENT_DEPTH_MAX: Final = 32
"""Deeper JSON is TOO_DEEP: parsers recurse."""
ID_BYTES_MAX: Final = 255
"""Bytes of UTF-8 in an id, source, subject or tenant; more is BAD_ID."""
TEXT_BYTES_MAX: Final = 1 * KIB
"""Bytes of UTF-8 in any other text; more is TOO_LONG."""
TITLE_CHARS_MAX: Final = 200
"""A longer title is cut, not refused: it is context, no rule reads it."""
TAGS_MAX: Final = 32
"""Tags of one incident; more is TOO_LONG."""
CUSTOM_MEMBERS_MAX: Final = 32
"""Members of `custom` of one incident; more is TOO_LONG."""
TIME_MIN_MS: Final = 631_152_000_000
"""1990-01-01T00:00:00Z; an earlier time is TIME_RANGE."""
TIME_MAX_MS: Final = 4_102_444_800_000
"""2100-01-01T00:00:00Z; this instant and later is TIME_RANGE."""
MAX_FUTURE_MS: Final = 10 * MINUTE_MS
"""`time.max_future`: how far a source's clock may be ahead of ours."""
HORIZON_MS: Final = 7 * DAY_MS
"""`lateness.horizon`: how far behind its incident's newest event an event may come."""
RETENTION_MS: Final = 30 * DAY_MS
"""`retention.finished`: how long a finished incident stays explainable."""
LATE_FROM_MS: Final = 1 * SECOND_MS
"""An alert that leaves this much after its instant says why (contracts section 2, `late`)."""

# -- policies (policy-language) ----------------------------------------------------------------

DURATION_MIN_MS: Final = 1 * SECOND_MS
"""Shortest target or step distance."""
DURATION_MAX_MS: Final = 1_000 * DAY_MS
"""Longest target or step distance; 1000 for `bd` likewise."""
REPEATS_MAX: Final = 100
"""Upper bound of `times` in `every`: a ladder ends."""
STEPS_PER_CLOCK_MAX: Final = 16
"""Distinct thresholds of one clock: their fired marks are bits of one record field."""
POLICY_FILES_MAX: Final = 1_000
"""Files of one policy directory."""
POLICY_BYTES_MAX: Final = 16 * MIB
"""All files of one policy directory together."""

# -- history (design section 4) ----------------------------------------------------------------

HISTORY_CHUNK_INCIDENTS: Final = 64
"""Incidents whose histories share one chunk in the store."""

# -- the engine thread (design section 5) ------------------------------------------------------

TURN_EVENTS_MAX: Final = 1_000
"""Events in one turn: due timers wait behind a turn, never behind a backlog."""
TURN_FIRES_MAX: Final = 20_000
"""Timers fired in one turn: a burst leaves in slices, without a wait in between."""
INBOX_BATCHES_MAX: Final = 64
"""Raw batches that wait for the engine thread; beyond it the log is not read."""
INBOX_BYTES_MAX: Final = 64 * MIB
"""Bytes of those batches: large events fill memory before their number does."""
JOINED_BYTES_MAX: Final = 1 * MIB
"""Bytes of small batches that are handed on as one."""
FETCH_BYTES_MAX: Final = 4 * MIB
"""Bytes of one partition in one fetch."""
OUTBOX_PENDING_MAX: Final = 200_000
"""Alerts handed to the producer but not acknowledged; beyond it no further ones are handed over."""
MAX_HOLD_MS: Final = 60 * SECOND_MS
"""A silent log holds a partition's clock back for this long, then wall time goes on."""
ALERTS_TAIL_MAX: Final = 1_000_000
"""Alerts read back at a claim beyond the acknowledged position."""

# -- the store (design section 5, "In Redis") --------------------------------------------------

JOURNAL_ENTRY_BYTES_MAX: Final = 1_000_000
"""One journal entry: a larger one would block every other client of the store."""
CHECKPOINT_CALL_BYTES_MAX: Final = 256 * KIB
"""Pages and wheel slots written in one call: the call stays under a millisecond."""
CHECKPOINT_ROUND_BYTES_MIN: Final = 64 * MIB
"""A checkpoint round is spread over at least this much journal."""
JOURNAL_RENEWED_BYTES_MAX: Final = 256 * KIB
"""Journal behind a trim that is written anew after a deletion; more fills nodes of its own."""
PAGE_RECORDS: Final = 256
"""Records of one page: what a checkpoint rewrites at least when one record changed."""
STORE_TIMEOUT_MS: Final = 5 * SECOND_MS
"""An answer of the store that takes longer counts as none."""
LOG_TIMEOUT_MS: Final = 30 * SECOND_MS
"""An acknowledgement of the log that takes longer counts as none."""
RETRY_FIRST_MS: Final = 50
"""First wait before a service is tried again; doubled each time."""
RETRY_LAST_MS: Final = 5 * SECOND_MS
"""Longest wait between two tries."""

# -- the gateway (what comes in over HTTP) -----------------------------------------------------

GATEWAY_BATCH_EVENTS_MAX: Final = 1_000
"""Events of one batch: as many as a turn of the engine takes."""
GATEWAY_BATCH_BYTES_MAX: Final = 1 * MIB
"""Body of a batch; that of a single event is bounded by EVENT_BYTES_MAX."""
HOOK_BYTES_MAX: Final = 256 * KIB
"""Body of a vendor's webhook: the largest that the vendors document."""
HOOK_DEPTH_MAX: Final = 32
"""Deeper JSON of a vendor is refused: adapters and mappings walk it."""
HOOK_KEYS_MAX: Final = 10_000
"""Members of all objects of a vendor's payload together."""
HOOK_TEXT_BYTES_MAX: Final = 128 * KIB
"""Bytes of one text in a vendor's payload: a long mail is a description."""
HOOK_EVENTS_MAX: Final = 1_000
"""Events that one payload may become."""
HOOK_WINDOW_MS: Final = 5 * MINUTE_MS
"""A signed time may be this far behind or ahead of ours."""
HOOK_PROOFS_MAX: Final = 100_000
"""Proofs of one hook that are remembered, so that a replayed request is known: 10 MB."""
HOOK_PROOFS_KEPT_MS: Final = 2 * HOUR_MS
"""How long: longer than the window both ways, and than vendors send a request again."""
SECRET_BYTES_MIN: Final = 16
"""A shorter secret of a hook is refused: it could be guessed."""
SECRETS_PER_HOOK_MAX: Final = 2
"""The secret in force and, while it is being changed, the one before or after."""
GATEWAY_REQUESTS_MAX: Final = 64
"""Bodies that are read at once; more are told to come again."""
GATEWAY_CONNECTIONS_MAX: Final = 1_000
"""Open connections; a further one is answered 503."""
GATEWAY_HEAD_BYTES_MAX: Final = 16 * KIB
"""Request line and headers."""
GATEWAY_HEAD_MS: Final = 10 * SECOND_MS
"""From the opening of a connection, or the answer before, to the end of a request's head."""
GATEWAY_BODY_MS: Final = 15 * SECOND_MS
"""From there to the end of its body: one byte a second holds no place for long."""
GATEWAY_LINGER_MS: Final = 1 * SECOND_MS
"""What a refused body's sender still sends is thrown away for so long, that it reads the answer."""
GATEWAY_STOP_MS: Final = 10 * SECOND_MS
"""What a request on its way gets to end when the gateway stops."""
GATEWAY_RATE: Final = 2_000
"""`gateway.rate`: events per second of one source."""
GATEWAY_IN_FLIGHT_MAX: Final = 20_000
"""`gateway.in_flight`: events handed to the log and not acknowledged yet."""

# -- delivery (alerts to people and systems) ---------------------------------------------------

DELIVER_BATCH_ALERTS: Final = 1_000
"""Alerts read from the log in one transaction."""
DELIVER_POLL_MS: Final = 200
"""How often the log is asked for new alerts."""
DELIVER_TIMEOUT_MS: Final = 10 * SECOND_MS
"""`timeout` of a destination: from the attempt to its answer, resolving the name included."""
DELIVER_CONCURRENCY: Final = 4
"""`concurrency` of a destination: messages on their way to it at once."""
DELIVER_CONCURRENCY_MAX: Final = 64
"""The most that a file may ask for: each holds a connection."""
DELIVER_RATE_MAX: Final = 10_000
"""The largest `rate` of a destination, messages per second."""
DELIVER_GIVE_UP_MS: Final = 1 * DAY_MS
"""`give_up` of a destination: what it has not taken by then is a dead letter."""
DELIVER_RETRY_FIRST_MS: Final = 1 * SECOND_MS
"""Bound of the first wait before another attempt, doubled each time."""
DELIVER_RETRY_LAST_MS: Final = 5 * MINUTE_MS
"""Largest bound of a wait between two attempts."""
DELIVER_RETRY_AFTER_MAX_MS: Final = 1 * HOUR_MS
"""A receiver that asks for a longer wait is asked again after this one."""
DELIVER_FAILURES_MAX: Final = 5
"""Failures in a row after which a destination gets one attempt at a time, with waits between."""
DELIVER_OPEN_LAST_MS: Final = 1 * MINUTE_MS
"""Longest such wait: a destination that is back is noticed within it."""
DELIVER_WAITING_MAX: Final = 100_000
"""`waiting` of a destination: alerts that wait for it; further ones are dead letters."""
DELIVER_DEAD_MAX: Final = 1_000_000
"""Dead letters of one destination; beyond it the oldest are dropped, and counted."""
DELIVER_KEPT_MS: Final = 30 * DAY_MS
"""How long it is known what was delivered: as long as a log keeps alerts by default."""
DELIVER_ANSWER_BYTES_MAX: Final = 64 * KIB
"""What is read of a receiver's answer."""
DELIVER_NOTES_BYTES_MAX: Final = 4 * MIB
"""What is read of a ticket's comments, to see whether a note is there."""
DELIVER_TEXT_BYTES_MAX: Final = 64 * KIB
"""What a template may give."""
DELIVER_LISTED_MAX: Final = 100
"""Alerts of a group that a message shows; the complete list is attached, or in a file."""
DELIVER_GROUP_WAIT_MS: Final = 30 * SECOND_MS
"""`group_wait`: what a group's first message waits for more of its kind."""
DELIVER_GROUP_INTERVAL_MS: Final = 5 * MINUTE_MS
"""`group_interval`: the least time between two messages of a group."""
DELIVER_RESEND_MS: Final = 1 * MINUTE_MS
"""`resend` of an Alertmanager: it ends what is not sent again within its resolve_timeout (5m)."""
DELIVER_SECRET_BYTES_MIN: Final = 24
"""A shorter secret of a Standard Webhook is refused (the specification: 24 to 64 bytes)."""
DELIVER_STOP_MS: Final = 10 * SECOND_MS
"""What a message on its way gets to end when delivery stops."""

# -- followers and the API (what reads beside the workers) -------------------------------------

FOLLOW_POLL_MS: Final = 100
"""How often a follower asks for new journal entries: two small calls per partition."""
CLOCKS_IN_FLIGHT_MAX: Final = 10_000
"""Clocks handed to the log and not acknowledged yet."""
API_PAGE_MAX: Final = 100
"""Incidents of one page: each is folded anew, a third of a millisecond."""
API_PAGE: Final = 20
"""Incidents of a page unless asked for otherwise."""
API_CURSOR_CHARS_MAX: Final = 2_000
"""Characters of a cursor; an id takes up to three per byte."""
API_BODY_BYTES_MAX: Final = 16 * KIB
"""Body of a command."""
API_STREAMS_MAX: Final = 64
"""Alert streams that are open at once; more are told to come again."""
API_STREAM_PARTITIONS_MAX: Final = 1_024
"""Positions in a `Last-Event-ID`."""
API_STREAM_MS: Final = 10 * MINUTE_MS
"""An alert stream ends after this long: its client comes back where it was, and proves itself."""
API_STREAM_BEAT_MS: Final = 15 * SECOND_MS
"""A silent alert stream says this often that it is alive."""
API_TOKENS_MAX: Final = 256
"""Tokens that are in force at once: all are compared with the one that comes."""
API_IDEMPOTENCY_MS: Final = DAY_MS
"""How long a command is known by its Idempotency-Key."""
API_AUDIT_MAX: Final = 100_000
"""Entries of the audit trail; the oldest go first."""
API_LETTERS_MAX: Final = 100
"""Dead letters of one page."""

# -- telemetry ---------------------------------------------------------------------------------

LOG_VALUE_CHARS_MAX: Final = 512
"""A longer value in a log line is cut: a log line must not carry a payload."""
