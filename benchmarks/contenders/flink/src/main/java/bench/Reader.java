package bench;

import java.io.IOException;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;

/** Records of the topic to events. */
public class Reader implements DeserializationSchema<Event> {
  private static final long serialVersionUID = 1L;

  private transient Json json;

  @Override
  public void open(InitializationContext context) {
    json = new Json();
  }

  @Override
  public Event deserialize(byte[] value) throws IOException {
    return json.read(value);
  }

  @Override
  public boolean isEndOfStream(Event event) {
    return false;
  }

  @Override
  public TypeInformation<Event> getProducedType() {
    return TypeInformation.of(Event.class);
  }
}
