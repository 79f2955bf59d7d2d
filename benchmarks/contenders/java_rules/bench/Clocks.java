package bench;

import java.util.function.Consumer;

/**
 * The rules of the job over an incident's state, which is seven numbers: status and start of the
 * pause, then for each clock its due and one number with target, cycle, flags and state. While a
 * clock is paused its due is where it would be without the pause. Instants and durations are ms.
 */
final class Clocks {
  static final int SIZE = 7;
  static final long NEVER = Long.MAX_VALUE;

  private static final long HOUR = 3_600_000L;
  private static final int FIRST = 0, RESOLUTION = 1, UPDATE = 2, COUNT = 3;
  private static final int RUNNING = 0, PAUSED = 1, MET = 2, CANCELLED = 3;
  private static final int WARNED = 1, BREACHED = 2, MISSED = 4;
  private static final String[] NAMES = {"first_response", "resolution", "update"};
  private static final String[] STATES = {"running", "paused", "met", "cancelled"};
  private static final String[] SHOWN = {"-", "80%", "breach", "80%+breach"};

  private final Consumer<String> alerts;
  private String incident = "";
  private long[] row = new long[SIZE];

  /** Ids of alerts go to {@code alerts} as they are sent. */
  Clocks(Consumer<String> alerts) {
    this.alerts = alerts;
  }

  /** Work on this incident from now on; its row is changed in place. */
  void use(String incident, long[] row) {
    this.incident = incident;
    this.row = row;
  }

  /** An incident is opened. */
  void open(Event event) {
    start(FIRST, event.opened, firstTarget(event.code), 1);
    start(RESOLUTION, event.opened, resolutionTarget(event.code), 1);
    start(UPDATE, event.opened, 24 * HOUR, 1);
    if (event.opened != event.time) {
      for (int clock = 0; clock < COUNT; clock++) {
        attach(clock, event.time);
      }
    }
  }

  /** A change, after the steps before it. */
  void apply(Event event) {
    fire(event.time - 1);
    switch (event.kind) {
      case Event.STATUS -> status(event.code, event.time);
      case Event.PRIORITY -> {
        retarget(FIRST, firstTarget(event.code), event.time);
        retarget(RESOLUTION, resolutionTarget(event.code), event.time);
      }
      case Event.CUSTOMER -> goOn(event.time);
      case Event.REPLY -> reply(event.time);
      case Event.RESOLVED -> {
        end(FIRST, CANCELLED);
        end(UPDATE, CANCELLED);
        end(RESOLUTION, MET);
      }
      default -> {}
    }
  }

  /** Send the steps up to and with {@code until}. */
  void fire(long until) {
    for (int clock = 0; clock < COUNT; clock++) {
      while (next(clock) <= until) {
        send(clock, (flags(clock) & (WARNED | MISSED)) == 0 ? WARNED : BREACHED);
      }
    }
  }

  /** When a clock's next step is due, or NEVER. */
  long next(int clock) {
    if (state(clock) != RUNNING) {
      return NEVER;
    }
    int flags = flags(clock);
    if ((flags & (WARNED | MISSED)) == 0) {
      return due(clock) - target(clock) / 5;
    }
    return (flags & BREACHED) == 0 ? due(clock) + 1 : NEVER;
  }

  /** When the incident's next step is due, or NEVER. */
  long next() {
    return Math.min(next(FIRST), Math.min(next(RESOLUTION), next(UPDATE)));
  }

  /** The incident's line. */
  String line() {
    StringBuilder text = new StringBuilder(incident);
    for (int clock = 0; clock < COUNT; clock++) {
      boolean ahead = state(clock) == RUNNING && (flags(clock) & BREACHED) == 0;
      text.append(' ').append(NAMES[clock]).append('=').append(STATES[state(clock)]);
      text.append('/').append(cycle(clock)).append('/').append(ahead ? due(clock) : "-");
      text.append('/').append(SHOWN[flags(clock) & 3]);
    }
    return text.toString();
  }

  private void status(byte status, long at) {
    if ((row[0] & 3) == status) {
      return;
    }
    row[0] = row[0] & ~3L | status;
    if (status != Event.WAITING) {
      goOn(at);
    } else if (state(RESOLUTION) == RUNNING) {
      setState(RESOLUTION, PAUSED);
      row[0] = at << 2 | status;
    }
  }

  private void goOn(long at) {
    if (state(RESOLUTION) == PAUSED) {
      setDue(RESOLUTION, due(RESOLUTION) + at - pausedSince());
      setState(RESOLUTION, RUNNING);
      attach(RESOLUTION, at);
    }
  }

  private void reply(long at) {
    end(FIRST, MET);
    end(UPDATE, MET);
    start(UPDATE, at, 24 * HOUR, cycle(UPDATE) + 1);
  }

  private void retarget(int clock, long target, long at) {
    if (state(clock) <= PAUSED && target(clock) != target) {
      setDue(clock, due(clock) + target - target(clock));
      setMeta(clock, target, cycle(clock), flags(clock), state(clock));
      attach(clock, at);
    }
  }

  /** What an opening or a new target has put into the past: a breach, or a warning. */
  private void attach(int clock, long at) {
    long due = due(clock) + (state(clock) == PAUSED ? at - pausedSince() : 0);
    if (due < at) {
      setFlags(clock, flags(clock) | MISSED);
      if ((flags(clock) & BREACHED) == 0) {
        send(clock, BREACHED);
      }
      return;
    }
    setFlags(clock, flags(clock) & ~MISSED);
    if (next(clock) <= at) {
      send(clock, WARNED);
    }
  }

  private void end(int clock, int how) {
    if (state(clock) <= PAUSED) {
      setState(clock, how);
      if ((flags(clock) & (WARNED | BREACHED)) != 0) {
        tell(clock, "cleared");
      }
    }
  }

  private void send(int clock, int step) {
    setFlags(clock, flags(clock) | step);
    tell(clock, step == WARNED ? "80%" : "breach");
  }

  private void tell(int clock, String what) {
    alerts.accept(
        "default/" + incident + "/default/" + NAMES[clock] + "/" + cycle(clock) + "/" + what);
  }

  private void start(int clock, long at, long target, int cycle) {
    setDue(clock, at + target);
    setMeta(clock, target, cycle, 0, RUNNING);
  }

  private static long firstTarget(byte priority) {
    return switch (priority) {
      case Event.URGENT -> 4 * HOUR;
      case Event.HIGH -> 8 * HOUR;
      default -> 24 * HOUR;
    };
  }

  private static long resolutionTarget(byte priority) {
    return switch (priority) {
      case Event.URGENT -> 40 * HOUR;
      case Event.HIGH -> 80 * HOUR;
      default -> 200 * HOUR;
    };
  }

  private long pausedSince() {
    return row[0] >> 2;
  }

  private long due(int clock) {
    return row[1 + 2 * clock];
  }

  private void setDue(int clock, long due) {
    row[1 + 2 * clock] = due;
  }

  private long target(int clock) {
    return row[2 + 2 * clock] >>> 32;
  }

  private int cycle(int clock) {
    return (int) (row[2 + 2 * clock] >>> 8) & 0xffffff;
  }

  private int flags(int clock) {
    return (int) (row[2 + 2 * clock] >>> 4) & 15;
  }

  private int state(int clock) {
    return (int) row[2 + 2 * clock] & 15;
  }

  private void setFlags(int clock, int flags) {
    setMeta(clock, target(clock), cycle(clock), flags, state(clock));
  }

  private void setState(int clock, int state) {
    setMeta(clock, target(clock), cycle(clock), flags(clock), state);
  }

  private void setMeta(int clock, long target, int cycle, int flags, int state) {
    row[2 + 2 * clock] = target << 32 | (long) cycle << 8 | flags << 4 | state;
  }
}
