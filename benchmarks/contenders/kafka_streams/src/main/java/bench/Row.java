package bench;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/** An incident's numbers as they are stored: eight bytes each. */
final class Row {
  /** Behind the numbers of the rules: the instant under which the incident stands in the steps. */
  static final int ARMED = Clocks.SIZE;

  static final int SIZE = Clocks.SIZE + 1;

  private Row() {}

  static Serde<long[]> serde() {
    Serializer<long[]> write =
        (topic, row) -> {
          if (row == null) {
            return null;
          }
          ByteBuffer bytes = ByteBuffer.allocate(row.length * Long.BYTES);
          bytes.asLongBuffer().put(row);
          return bytes.array();
        };
    Deserializer<long[]> read =
        (topic, bytes) -> {
          if (bytes == null) {
            return null;
          }
          long[] row = new long[bytes.length / Long.BYTES];
          ByteBuffer.wrap(bytes).asLongBuffer().get(row);
          return row;
        };
    return Serdes.serdeFrom(write, read);
  }
}
