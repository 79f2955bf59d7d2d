"""The job that every contender does: one definition of its events, its rules and its answer.

The events: `incidents` openings, then as many changes over them, a millisecond apart by their own
time stamps; CloudEvents of about 250 bytes. Of the changes 40 % set the status to
`waiting_customer` or `open`, 30 % are public comments (half of them an agent's: replies, half a
customer's), 10 % are private notes, 10 % set a priority, 10 % resolve. Nothing happens to an
incident after it is resolved. An incident is opened at its event's time, but one in a hundred was
opened so long before that a clock of it comes due while the job lasts (see `generate`).

The rules: time is the events' own, never the wall clock's. Three clocks per incident, all of them
started when it is opened:

- `first_response`, 4 h for `urgent`, 8 h for `high`, else 24 h: met by the first reply.
- `update`, 24 h: met by each reply, which starts its next cycle.
- `resolution`, 40 h for `urgent`, 80 h for `high`, else 200 h: met when resolved. It pauses when
  the status becomes `waiting_customer`, and goes on when the status changes again or a customer
  comments in public; a status that is set to what it is already changes nothing.

Resolving cancels `first_response` (unless it is met) and `update`. A new priority gives
`first_response` and `resolution` the new target; their start stays. A step that an opening or a
new priority puts into the past fires there and then; if the due itself is past, the breach alone,
also where the clock is paused (a paused clock fires nothing else).

Each cycle of a clock has two steps, each fired once at most: `80%`, when 80 % of the target are
spent, and `breach`, one millisecond after the due. A warning that was left out because the due
was past fires after all if a new priority moves the due ahead and 80 % are reached. An event at an
instant counts before a step at that instant. A clock that ends after a step was fired says so:
`cleared`. Each of the three is an alert, whose id is
`default/<incident>/default/<clock>/<cycle>/<80%|breach|cleared>`.

Two more kinds of record are for measuring. `sla.time` says that its partition has come to that
time: the first and the last record of each partition; a contender fires what is due until then
(steps at that very instant included) and writes the record's id to the topic of answers.
`bench.ask`, sent when everything else is done, asks for an incident's state: the contender writes
its line to the topic of answers, keyed by the incident (`answer` says how a line is written).
"""
