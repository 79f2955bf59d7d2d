package bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The incidents of one partition: rows by incident, and a second store in the order of time with
 * each incident's next step, which is looked at ten times a second.
 *
 * <p>A step stays where it is when it moves away, and is looked at again when it comes up.
 */
final class Incidents implements Processor<byte[], byte[], byte[], byte[]> {
  static final String ROWS = "rows";
  static final String STEPS = "steps";
  static final String ALERTS = "alerts";
  static final String ANSWERS = "answers";

  private static final Duration LOOK = Duration.ofMillis(100);
  private static final byte[] NOTHING = new byte[0];

  private final Json json = new Json();
  private final Clocks clocks = new Clocks(this::alert);
  private ProcessorContext<byte[], byte[]> context;
  private KeyValueStore<String, long[]> rows;
  private KeyValueStore<Bytes, byte[]> steps;
  private String incident = "";
  private long time;

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    rows = context.getStateStore(ROWS);
    steps = context.getStateStore(STEPS);
    context.schedule(LOOK, PunctuationType.WALL_CLOCK_TIME, now -> fire(time - 1));
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    Event event = read(record.value());
    if (event.kind == Event.MARK) {
      fire(event.time);
      send(ANSWERS, "time", event.subject);
      return;
    }
    long[] row = rows.get(event.subject);
    boolean isNew = row == null;
    if (isNew) {
      row = new long[Row.SIZE];
      row[Row.ARMED] = Clocks.NEVER;
    }
    incident = event.subject;
    clocks.use(incident, row);
    if (event.kind == Event.ASK) {
      send(ANSWERS, incident, clocks.line());
      return;
    }
    if (isNew) {
      clocks.open(event);
    } else {
      clocks.apply(event);
    }
    arm(row);
    rows.put(incident, row);
    time = event.time;
  }

  /** Send what is due up to and with {@code until}. */
  private void fire(long until) {
    List<Bytes> due = new ArrayList<>();
    try (KeyValueIterator<Bytes, byte[]> found = steps.range(key(0, ""), key(until + 1, ""))) {
      while (found.hasNext()) {
        KeyValue<Bytes, byte[]> step = found.next();
        due.add(step.key);
      }
    }
    for (Bytes key : due) {
      steps.delete(key);
      ByteBuffer bytes = ByteBuffer.wrap(key.get());
      long instant = bytes.getLong();
      incident = UTF_8.decode(bytes).toString();
      long[] row = rows.get(incident);
      if (row[Row.ARMED] == instant) {
        row[Row.ARMED] = Clocks.NEVER;
        clocks.use(incident, row);
        clocks.fire(until);
        arm(row);
        rows.put(incident, row);
      }
    }
  }

  private void arm(long[] row) {
    long next = clocks.next();
    if (next < row[Row.ARMED]) {
      row[Row.ARMED] = next;
      steps.put(key(next, incident), NOTHING);
    }
  }

  private void alert(String id) {
    String value =
        "{\"specversion\":\"1.0\",\"id\":\"" + id + "\",\"source\":\"bench\",\"type\":\"sla.alert\","
            + "\"subject\":\"" + incident + "\"}";
    send(ALERTS, incident, value);
  }

  private void send(String topic, String key, String value) {
    long now = context.currentSystemTimeMs();
    context.forward(new Record<>(key.getBytes(UTF_8), value.getBytes(UTF_8), now), topic);
  }

  private Event read(byte[] value) {
    try {
      return json.read(value);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** Bytes that are in the order of instants. */
  private static Bytes key(long instant, String incident) {
    byte[] name = incident.getBytes(UTF_8);
    return Bytes.wrap(
        ByteBuffer.allocate(Long.BYTES + name.length).putLong(instant).put(name).array());
  }
}
