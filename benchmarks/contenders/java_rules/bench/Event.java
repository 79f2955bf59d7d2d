package bench;

/** One record of the job, as far as the rules need it; public fields, for Flink's serializer. */
public class Event {
  public static final byte CREATED = 0, STATUS = 1, PRIORITY = 2, REPLY = 3, CUSTOMER = 4;
  public static final byte NOTE = 5, RESOLVED = 6, MARK = 7, ASK = 8;
  public static final byte URGENT = 0, HIGH = 1, OTHER = 2;
  public static final byte NONE = 0, OPEN = 1, WAITING = 2;

  /** The key: the incident, or the id of a mark. */
  public String subject = "";

  /** When it happened, in ms since 1970. */
  public long time;

  /** When the incident was opened, in ms since 1970; only for CREATED. */
  public long opened;

  public byte kind;

  /** The priority or the status that is set. */
  public byte code;
}
