package bench;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.streaming.api.TimerService;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * One incident per key: its row as state, and a timer for each clock's next step.
 *
 * <p>With one timer for all of them ({@code oneTimer}), its instant stands behind the row; it is
 * left where it is when steps move away, and looks again when it fires.
 */
public class Incidents extends KeyedProcessFunction<String, Event, Out> {
  private static final long serialVersionUID = 1L;

  private static final int ARMED = Clocks.SIZE;

  private final boolean oneTimer;
  private transient ValueState<long[]> rows;
  private transient Clocks clocks;
  private transient Collector<Out> out;
  private transient String incident;
  private transient long[] before;

  Incidents(boolean oneTimer) {
    this.oneTimer = oneTimer;
  }

  @Override
  public void open(OpenContext context) {
    rows =
        getRuntimeContext()
            .getState(
                new ValueStateDescriptor<>(
                    "row", PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO));
    clocks = new Clocks(id -> out.collect(Out.alert(incident, id)));
    before = new long[3];
  }

  @Override
  public void processElement(Event event, Context context, Collector<Out> out) throws Exception {
    if (event.kind == Event.MARK) {
      out.collect(new Out(false, "time", event.subject));
      return;
    }
    long[] row = rows.value();
    boolean isNew = row == null;
    if (isNew) {
      row = new long[Clocks.SIZE + (oneTimer ? 1 : 0)];
    }
    use(event.subject, row, out);
    if (event.kind == Event.ASK) {
      out.collect(new Out(false, incident, clocks.line()));
      return;
    }
    remember(isNew);
    if (isNew) {
      clocks.open(event);
    } else {
      clocks.apply(event);
    }
    arm(context.timerService(), row);
    rows.update(row);
  }

  @Override
  public void onTimer(long at, OnTimerContext context, Collector<Out> out) throws Exception {
    long[] row = rows.value();
    use(context.getCurrentKey(), row, out);
    if (oneTimer) {
      if (row[ARMED] != at) {
        return;
      }
      row[ARMED] = Clocks.NEVER;
    }
    remember(false);
    clocks.fire(at);
    arm(context.timerService(), row);
    rows.update(row);
  }

  private void use(String incident, long[] row, Collector<Out> out) {
    this.out = out;
    this.incident = incident;
    clocks.use(incident, row);
  }

  private void remember(boolean isNew) {
    for (int clock = 0; clock < before.length; clock++) {
      before[clock] = isNew ? Clocks.NEVER : clocks.next(clock);
    }
  }

  private void arm(TimerService timers, long[] row) {
    if (!oneTimer) {
      armEach(timers);
    } else if (clocks.next() < (row[ARMED] == 0 ? Clocks.NEVER : row[ARMED])) {
      row[ARMED] = clocks.next();
      timers.registerEventTimeTimer(row[ARMED]);
    }
  }

  /** A timer belongs to an instant, not to a clock: clocks may share one. */
  private void armEach(TimerService timers) {
    for (long old : before) {
      if (old != Clocks.NEVER && !isNext(old)) {
        timers.deleteEventTimeTimer(old);
      }
    }
    for (int clock = 0; clock < before.length; clock++) {
      long next = clocks.next(clock);
      if (next != Clocks.NEVER && !wasNext(next)) {
        timers.registerEventTimeTimer(next);
      }
    }
  }

  private boolean isNext(long at) {
    return clocks.next(0) == at || clocks.next(1) == at || clocks.next(2) == at;
  }

  private boolean wasNext(long at) {
    return before[0] == at || before[1] == at || before[2] == at;
  }
}
