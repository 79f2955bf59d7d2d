package bench;

import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.Stores;

/** The job as a Kafka Streams program: RocksDB with changelog topics, two threads. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws InterruptedException {
    KafkaStreams streams = new KafkaStreams(topology(), settings());
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.ERROR) {
            ended.countDown();
          }
        });
    streams.start();
    ended.await();
    System.exit(1);
  }

  private static Topology topology() {
    ByteArraySerializer bytes = new ByteArraySerializer();
    return new Topology()
        .addSource("events", new ByteArrayDeserializer(), new ByteArrayDeserializer(), told("EVENTS"))
        .addProcessor("incidents", Incidents::new, "events")
        .addStateStore(
            Stores.keyValueStoreBuilder(
                    Stores.persistentKeyValueStore(Incidents.ROWS), Serdes.String(), Row.serde())
                .withCachingEnabled(),
            "incidents")
        .addStateStore(
            Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(Incidents.STEPS),
                Serdes.Bytes(),
                Serdes.ByteArray()),
            "incidents")
        .addSink(Incidents.ALERTS, told("ALERTS"), bytes, bytes, "incidents")
        .addSink(Incidents.ANSWERS, told("ANSWERS"), bytes, bytes, "incidents");
  }

  private static Properties settings() {
    Properties values = new Properties();
    values.put(StreamsConfig.APPLICATION_ID_CONFIG, told("GROUP"));
    values.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, told("BOOTSTRAP"));
    values.put(StreamsConfig.STATE_DIR_CONFIG, told("FOLDER"));
    values.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    values.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000);
    values.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L << 20);
    values.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    return values;
  }

  private static String told(String name) {
    return System.getenv("BENCH_" + name);
  }
}
