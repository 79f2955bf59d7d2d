package bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Alerts to one topic, answers to another. */
public class Writer implements KafkaRecordSerializationSchema<Out> {
  private static final long serialVersionUID = 1L;

  private final String alerts;
  private final String answers;

  Writer(String alerts, String answers) {
    this.alerts = alerts;
    this.answers = answers;
  }

  @Override
  public ProducerRecord<byte[], byte[]> serialize(Out out, KafkaSinkContext context, Long time) {
    String topic = out.isAlert ? alerts : answers;
    return new ProducerRecord<>(topic, out.key.getBytes(UTF_8), out.value.getBytes(UTF_8));
  }
}
