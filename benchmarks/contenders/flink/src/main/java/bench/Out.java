package bench;

/** A record for one of the two topics; public fields, for Flink's serializer. */
public class Out {
  public boolean isAlert;
  public String key = "";
  public String value = "";

  public Out() {}

  Out(boolean isAlert, String key, String value) {
    this.isAlert = isAlert;
    this.key = key;
    this.value = value;
  }

  static Out alert(String incident, String id) {
    String value =
        "{\"specversion\":\"1.0\",\"id\":\"" + id + "\",\"source\":\"bench\",\"type\":\"sla.alert\","
            + "\"subject\":\"" + incident + "\"}";
    return new Out(true, incident, value);
  }
}
