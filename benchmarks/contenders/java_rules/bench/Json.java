package bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.time.Instant;

/** JSON to events, token by token: no tree in between. For one thread. */
final class Json {
  private final JsonFactory json = new JsonFactory();
  private String id;
  private String type;
  private String author;
  private boolean isPublic;
  private boolean hasPriority;

  /** The event of a record. */
  Event read(byte[] value) throws IOException {
    Event event = new Event();
    author = "";
    isPublic = hasPriority = false;
    event.opened = -1;
    try (JsonParser parser = json.createParser(value)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        member(parser, event);
      }
    }
    event.kind = kind();
    if (event.kind == Event.MARK) {
      event.subject = id;
    }
    if (event.opened < 0) {
      event.opened = event.time;
    }
    return event;
  }

  private void member(JsonParser parser, Event event) throws IOException {
    String name = parser.currentName();
    parser.nextToken();
    switch (name) {
      case "id" -> id = parser.getText();
      case "type" -> type = parser.getText();
      case "subject" -> event.subject = parser.getText();
      case "time" -> event.time = instant(parser.getText());
      case "data" -> {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          data(parser, event);
        }
      }
      default -> parser.skipChildren();
    }
  }

  private void data(JsonParser parser, Event event) throws IOException {
    String name = parser.currentName();
    parser.nextToken();
    switch (name) {
      case "opened_at" -> event.opened = instant(parser.getText());
      case "author" -> author = parser.getText();
      case "public" -> isPublic = parser.getBooleanValue();
      case "status" ->
          event.code = parser.getText().equals("waiting_customer") ? Event.WAITING : Event.OPEN;
      case "priority" -> {
        hasPriority = true;
        event.code = priority(parser.getText());
      }
      default -> parser.skipChildren();
    }
  }

  private byte kind() {
    return switch (type) {
      case "incident.created" -> Event.CREATED;
      case "incident.resolved" -> Event.RESOLVED;
      case "incident.updated" -> hasPriority ? Event.PRIORITY : Event.STATUS;
      case "incident.commented" -> comment();
      case "sla.time" -> Event.MARK;
      case "bench.ask" -> Event.ASK;
      default -> throw new IllegalArgumentException(type);
    };
  }

  private byte comment() {
    if (!isPublic) {
      return Event.NOTE;
    }
    return author.equals("agent") ? Event.REPLY : Event.CUSTOMER;
  }

  private static byte priority(String text) {
    return switch (text) {
      case "urgent" -> Event.URGENT;
      case "high" -> Event.HIGH;
      default -> Event.OTHER;
    };
  }

  /** RFC 3339 to ms since 1970; the job's own form by its places, any other by the library. */
  static long instant(String text) {
    if (text.length() != 24 || text.charAt(23) != 'Z') {
      return Instant.parse(text).toEpochMilli();
    }
    long days = days(number(text, 0, 4), number(text, 5, 7), number(text, 8, 10));
    long minutes = (days * 24 + number(text, 11, 13)) * 60 + number(text, 14, 16);
    return (minutes * 60 + number(text, 17, 19)) * 1000 + number(text, 20, 23);
  }

  /** Days since 1970 of a date. */
  private static long days(int year, int month, int day) {
    int from = month > 2 ? year : year - 1;
    int ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return 365L * from + from / 4 - from / 100 + from / 400 + ofYear - 719468;
  }

  private static int number(String text, int begin, int end) {
    int value = 0;
    for (int n = begin; n < end; n++) {
      value = value * 10 + text.charAt(n) - '0';
    }
    return value;
  }
}
