package bench;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The job as a DataStream program in one process. The arguments: the state, {@code heap} or {@code
 * rocksdb}, and the timers of an incident, {@code three} or {@code one}.
 */
public final class Main {
  private static final int PARALLELISM = 2;

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Configuration settings = settings(arguments[0], told("FOLDER"));
    var flink = StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, settings);
    flink
        .fromSource(source(), watermarks(), "events")
        .keyBy(event -> event.subject)
        .process(new Incidents(arguments[1].equals("one")))
        .sinkTo(sink());
    flink.execute("job");
  }

  private static Configuration settings(String state, String folder) {
    Map<String, String> values = new HashMap<>();
    values.put("execution.checkpointing.interval", "1 s");
    values.put("execution.checkpointing.mode", "EXACTLY_ONCE");
    values.put("execution.checkpointing.storage", "filesystem");
    values.put("execution.checkpointing.dir", Path.of(folder, "checkpoints").toUri().toString());
    values.put("pipeline.auto-watermark-interval", "50 ms");
    values.put("pipeline.object-reuse", "true");
    values.put("pipeline.generic-types", "false");
    values.put("io.tmp.dirs", folder);
    if (state.equals("rocksdb")) {
      values.put("state.backend.type", "rocksdb");
      values.put("execution.checkpointing.incremental", "true");
      values.put("taskmanager.memory.managed.size", "1 gb");
    } else {
      values.put("state.backend.type", "hashmap");
    }
    return Configuration.fromMap(values);
  }

  private static KafkaSource<Event> source() {
    return KafkaSource.<Event>builder()
        .setBootstrapServers(told("BOOTSTRAP"))
        .setTopics(told("EVENTS"))
        .setGroupId(told("GROUP"))
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setValueOnlyDeserializer(new Reader())
        .build();
  }

  /**
   * Each partition is in the order of time. A watermark is a millisecond behind the newest event,
   * so a mark counts a millisecond more: steps at its very instant are due.
   */
  private static WatermarkStrategy<Event> watermarks() {
    return WatermarkStrategy.<Event>forMonotonousTimestamps()
        .withTimestampAssigner(
            (event, time) -> event.kind == Event.MARK ? event.time + 1 : event.time);
  }

  private static KafkaSink<Out> sink() {
    return KafkaSink.<Out>builder()
        .setBootstrapServers(told("BOOTSTRAP"))
        .setRecordSerializer(new Writer(told("ALERTS"), told("ANSWERS")))
        .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
        .build();
  }

  private static String told(String name) {
    return System.getenv("BENCH_" + name);
  }
}
