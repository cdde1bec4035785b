import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.nio.charset.StandardCharsets;

import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.util.Utf8;

/**
 * Writes, a JSON line each, events of a writer's schema and what Java's own resolving decoder reads of them with a
 * reader's: every kind of evolution that the specification names under "Schema Resolution". The event stands there as
 * body, with its blocks' sizes, single-object encoded (Java's fingerprint), in Confluent's framing, and written again
 * with the reader's schema; where Java cannot resolve it, "refused" is true. The same in every run.
 */
public class WriteVectors {
  private static final String[] PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"};
  private static int id = 0;

  public static void main(String[] args) throws Exception {
    primitives();
    fields();
    names();
    enums();
    unions();
    collections();
    fixedAndNested();
    logicalTypes();
  }

  private static String[] valuesOf(String type) {
    return switch (type) {
      case "null" -> new String[] {"null"};
      case "boolean" -> new String[] {"true", "false"};
      case "int" -> new String[] {"0", "-1", "64", "16777217", "2147483647", "-2147483648"};
      case "long" -> new String[] {"0", "-65", "4294967296", "9007199254740993", "9223372036854775807", "-9223372036854775808"};
      case "float" -> new String[] {"0.0", "0.1", "-3.4028235E38"};
      case "double" -> new String[] {"0.0", "0.1", "-1.7976931348623157E308", "4.9E-324"};
      case "bytes" -> new String[] {"\"\"", "\"abc\"", "\"\\u00c3\\u00a9\"", "\"\\u00ff\\u0000\""};
      default -> new String[] {"\"\"", "\"abc\"", "\"n\\u00e9 \\u20ac\""};
    };
  }

  private static String q(String name) {
    return "\"" + name + "\"";
  }

  private static String record(String name, String... fields) {
    return "{\"type\":\"record\",\"name\":\"" + name + "\",\"fields\":[" + String.join(",", fields) + "]}";
  }

  private static String field(String name, String type, String... more) {
    return "{\"name\":\"" + name + "\",\"type\":" + type + (more.length == 0 ? "" : "," + String.join(",", more)) + "}";
  }

  private static String holds(String type) {
    return record("R", field("v", type), field("after", "\"int\""));
  }

  private static String[] held(String... values) {
    String[] events = new String[values.length];
    for (int i = 0; i < values.length; i++) events[i] = "{\"v\":" + values[i] + ",\"after\":" + (i + 7) + "}";
    return events;
  }

  /** Every primitive type read as every other: itself, promoted, or not at all. */
  private static void primitives() throws Exception {
    for (String from : PRIMITIVES) {
      for (String to : PRIMITIVES) add(from + " read as " + to, holds(q(from)), holds(q(to)), held(valuesOf(from)));
    }
  }

  private static final String[][] DEFAULTS = {
    {"null", "\"null\"", "null"},
    {"boolean", "\"boolean\"", "true"},
    {"int", "\"int\"", "-5"},
    {"long", "\"long\"", "4294967297"},
    {"float", "\"float\"", "0.1"},
    {"double", "\"double\"", "0.1"},
    {"bytes", "\"bytes\"", "\"\\u00ff\\u0001\""},
    {"string", "\"string\"", "\"n\\u00e9\""},
    {"record", record("In", field("x", "\"int\"", "\"default\":3"), field("y", "\"double\"")), "{\"y\":2.5}"},
    {"enum", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}", "\"B\""},
    {"array", "{\"type\":\"array\",\"items\":\"int\"}", "[1,2]"},
    {"map", "{\"type\":\"map\",\"values\":\"long\"}", "{\"k\":9,\"constructor\":4}"},
    {"union, null first", "[\"null\",\"int\"]", "null"},
    {"union, number first", "[\"int\",\"null\"]", "12"},
    {"fixed", "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "\"\\u0000\\u00ff\""},
    {"date", "{\"type\":\"int\",\"logicalType\":\"date\"}", "2"},
    {"timestamp-millis", "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", "1500"},
  };

  private static void fields() throws Exception {
    String old = record("R", field("a", "\"int\""));
    for (String[] each : DEFAULTS) {
      String added = field("added", each[1], "\"default\":" + each[2]);
      add("added field with a default: " + each[0], old, record("R", added, field("a", "\"int\"")), "{\"a\":1}");
    }
    add("added field without a default", old, record("R", field("a", "\"int\""), field("b", "\"int\"")), "{\"a\":1}");
    for (String type : PRIMITIVES) {
      String[] values = valuesOf(type);
      add("dropped field: " + type, holds(q(type)), record("R", field("after", "\"int\"")), held(values));
    }
    String inner = record("In", field("x", "\"int\""), field("y", "{\"type\":\"array\",\"items\":\"string\"}"));
    String dropped = "{\"v\":{\"x\":1,\"y\":[\"a\",\"b\"]},\"after\":7}";
    add("dropped field: record", holds(inner), record("R", field("after", "\"int\"")), dropped);
    String map = "{\"type\":\"map\",\"values\":[\"null\",\"double\"]}";
    String mapped = "{\"v\":{\"a\":null,\"b\":{\"double\":1.5}},\"after\":7}";
    add("dropped field: map", holds(map), record("R", field("after", "\"int\"")), mapped);
    String abc = record("R", field("a", "\"int\""), field("b", "\"string\""), field("c", "\"double\""));
    String cab = record("R", field("c", "\"double\""), field("a", "\"long\""), field("b", "\"string\""));
    add("reordered fields", abc, cab, "{\"a\":1,\"b\":\"x\",\"c\":2.5}", "{\"a\":-9,\"b\":\"\",\"c\":0.0}");
    String aliased = record("R", field("z", "\"long\"", "\"aliases\":[\"y\",\"a\"]"), field("c", "\"double\""));
    add("aliases of fields", abc, aliased, "{\"a\":1,\"b\":\"x\",\"c\":2.5}");
  }

  private static void names() throws Exception {
    String fields = "\"fields\":[" + field("a", "\"int\"") + "]}";
    String plain = "{\"type\":\"record\",\"name\":\"Old\"," + fields;
    add("alias of a record", plain, "{\"type\":\"record\",\"name\":\"New\",\"aliases\":[\"Old\"]," + fields, "{\"a\":3}");
    String spaced = "{\"type\":\"record\",\"name\":\"Old\",\"namespace\":\"a.b\"," + fields;
    add("alias of a record, its full name", spaced, "{\"type\":\"record\",\"name\":\"New\",\"namespace\":\"c\",\"aliases\":[\"a.b.Old\"]," + fields, "{\"a\":3}");
    add("alias of a record, in its namespace", spaced, "{\"type\":\"record\",\"name\":\"New\",\"namespace\":\"a.b\",\"aliases\":[\"Old\"]," + fields, "{\"a\":3}");
    add("the same unqualified name", spaced, "{\"type\":\"record\",\"name\":\"Old\",\"namespace\":\"x\"," + fields, "{\"a\":3}");
    add("another name", spaced, "{\"type\":\"record\",\"name\":\"Other\",\"namespace\":\"a.b\"," + fields, "{\"a\":3}");
    String implied = "{\"type\":\"record\",\"name\":\"a.R\",\"fields\":[" + field("e", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}") + "," + field("f", "\"E\"") + "]}";
    String spelt = "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a\",\"fields\":[" + field("e", "{\"type\":\"enum\",\"name\":\"a.E\",\"symbols\":[\"A\"]}") + "," + field("f", "\"a.E\"") + "]}";
    add("namespaces implied and spelt out", implied, spelt, "{\"e\":\"A\",\"f\":\"A\"}");
  }

  private static String enumOf(String name, String symbols, String... more) {
    return "{\"type\":\"enum\",\"name\":\"" + name + "\",\"symbols\":[" + symbols + "]" + (more.length == 0 ? "" : "," + String.join(",", more)) + "}";
  }

  private static void enums() throws Exception {
    String abc = enumOf("E", "\"A\",\"B\",\"C\"");
    String[] all = held("\"A\"", "\"B\"", "\"C\"");
    add("enum: the same", holds(abc), holds(abc), all);
    add("enum: more symbols, in another order", holds(abc), holds(enumOf("E", "\"D\",\"C\",\"B\",\"A\"")), all);
    add("enum: fewer symbols", holds(abc), holds(enumOf("E", "\"A\",\"C\"")), all);
    add("enum: fewer symbols and a default", holds(abc), holds(enumOf("E", "\"C\",\"A\"", "\"default\":\"C\"")), all);
    add("enum: dropped", holds(abc), record("R", field("after", "\"int\"")), all);
    add("enum: alias", holds(abc), holds(enumOf("N", "\"A\",\"B\",\"C\"", "\"aliases\":[\"E\"]")), all);
    add("enum: another name", holds(abc), holds(enumOf("N", "\"A\",\"B\",\"C\"")), all);
    add("enum: another namespace", holds(enumOf("a.E", "\"A\"")), holds(enumOf("b.E", "\"A\"")), held("\"A\""));
    add("enum read as string", holds(abc), holds("\"string\""), all);
  }

  private static void unions() throws Exception {
    String[] mixed = held("null", "{\"int\":5}", "{\"string\":\"x\"}");
    String all = "[\"null\",\"int\",\"string\"]";
    add("union: the same", holds(all), holds(all), mixed);
    add("union: other branches, promoted", holds(all), holds("[\"bytes\",\"double\",\"null\"]"), mixed);
    add("union: exact before promoted", holds(all), holds("[\"double\",\"int\",\"null\",\"string\"]"), mixed);
    add("union: fewer branches", holds(all), holds("[\"null\",\"int\"]"), mixed);
    add("union read as one type", holds(all), holds("\"long\""), mixed);
    add("union read as text", holds(all), holds("\"string\""), mixed);
    for (String type : new String[] {"int", "long", "float", "double", "boolean", "string", "bytes"})
      add(type + " read as union", holds(q(type)), holds("[\"null\",\"" + type + "\"]"), held(valuesOf(type)));
    add("int read as a union of wider numbers", holds("\"int\""), holds("[\"null\",\"double\"]"), held("5", "16777217"));
    add("int read as a union that has none", holds("\"int\""), holds("[\"null\",\"string\"]"), held("5"));
    String one = record("One", field("x", "\"int\""));
    String two = record("Two", field("x", "\"double\""));
    String[] records = held("{\"One\":{\"x\":4}}", "{\"Two\":{\"x\":0.5}}");
    add("union of records", holds("[" + one + "," + two + "]"), holds("[\"null\"," + two + "," + one + "]"), records);
    String wide = record("One", field("x", "\"long\""), field("y", "\"int\"", "\"default\":8"));
    add("union of records, evolved", holds("[" + one + ",\"null\"]"), holds("[\"null\"," + wide + "]"), held("{\"One\":{\"x\":4}}", "null"));
    String spaced = "[" + record("a.T", field("x", "\"int\"")) + "," + record("b.T", field("y", "\"int\"")) + "]";
    String turned = "[" + record("b.T", field("y", "\"int\"")) + "," + record("a.T", field("x", "\"int\"")) + "]";
    add("union of records of one name in two namespaces", holds(spaced), holds(turned), held("{\"a.T\":{\"x\":4}}", "{\"b.T\":{\"y\":5}}"));
  }

  private static void collections() throws Exception {
    String[] lists = held("[]", "[1]", "[1,2,3]", "[" + "5,".repeat(99) + "6]");
    for (String to : new String[] {"int", "long", "float", "double"})
      add("array of int read as array of " + to, holds(array("\"int\"")), holds(array(q(to))), lists);
    add("array of int read as array of union", holds(array("\"int\"")), holds(array("[\"null\",\"int\"]")), lists);
    add("array of int read as array of string", holds(array("\"int\"")), holds(array("\"string\"")), lists);
    add("array of null", holds(array("\"null\"")), holds(array("\"null\"")), held("[]", "[null,null]"));
    add("array of array", holds(array(array("\"int\""))), holds(array(array("\"long\""))), held("[[],[1,2],[3]]"));
    add("array dropped", holds(array("\"int\"")), record("R", field("after", "\"int\"")), lists);
    add("array read as map", holds(array("\"int\"")), holds(map("\"int\"")), lists);
    String[] maps = held("{}", "{\"k\":1}", "{\"a\":1,\"k\":2,\"constructor\":3,\"n\\u00e9\":4}");
    for (String to : new String[] {"int", "long", "float", "double"})
      add("map of int read as map of " + to, holds(map("\"int\"")), holds(map(q(to))), maps);
    add("map dropped", holds(map("\"int\"")), record("R", field("after", "\"int\"")), maps);
    add("map of string read as map of bytes", holds(map("\"string\"")), holds(map("\"bytes\"")), held("{\"k\":\"x\"}"));
    add("map of map", holds(map(map("\"int\""))), holds(map(map("\"double\""))), held("{\"k\":{\"k\":1}}"));
    String item = record("I", field("x", "\"int\""), field("gone", "\"string\""));
    String reader = record("I", field("y", "\"long\"", "\"aliases\":[\"x\"]"), field("z", "\"int\"", "\"default\":6"));
    add("array of records, evolved", holds(array(item)), holds(array(reader)), held("[{\"x\":1,\"gone\":\"a\"},{\"x\":2,\"gone\":\"\"}]"));
  }

  private static String array(String items) {
    return "{\"type\":\"array\",\"items\":" + items + "}";
  }

  private static String map(String values) {
    return "{\"type\":\"map\",\"values\":" + values + "}";
  }

  private static String fixedOf(String name, int size, String... more) {
    return "{\"type\":\"fixed\",\"name\":\"" + name + "\",\"size\":" + size + (more.length == 0 ? "" : "," + String.join(",", more)) + "}";
  }

  private static void fixedAndNested() throws Exception {
    String[] pairs = held("\"ab\"", "\"\\u00ff\\u0000\"");
    add("fixed: the same", holds(fixedOf("F", 2)), holds(fixedOf("F", 2)), pairs);
    add("fixed: another size", holds(fixedOf("F", 2)), holds(fixedOf("F", 3)), pairs);
    add("fixed: another name", holds(fixedOf("F", 2)), holds(fixedOf("G", 2)), pairs);
    add("fixed: alias", holds(fixedOf("F", 2)), holds(fixedOf("G", 2, "\"aliases\":[\"F\"]")), pairs);
    add("fixed: another namespace", holds(fixedOf("a.F", 2)), holds(fixedOf("b.F", 2)), pairs);
    add("fixed read as bytes", holds(fixedOf("F", 2)), holds("\"bytes\""), pairs);
    String deep = record("A", field("b", record("B", field("x", "\"int\""), field("c", record("C", field("y", "\"float\""))))));
    String deeper = record("A", field("b", record("B", field("c", record("C", field("y", "\"double\""), field("n", "\"int\"", "\"default\":1"))), field("x", "\"double\""))));
    add("nested records", holds(deep), holds(deeper), held("{\"b\":{\"x\":5,\"c\":{\"y\":0.25}}}"));
    String node = "{\"type\":\"record\",\"name\":\"Node\",\"fields\":[" + field("x", "\"int\"") + "," + field("next", "[\"null\",\"Node\"]") + "]}";
    String wide = "{\"type\":\"record\",\"name\":\"Node\",\"fields\":[" + field("next", "[\"null\",\"Node\"]") + "," + field("x", "\"double\"") + "," + field("w", "\"int\"", "\"default\":2") + "]}";
    String chain = "{\"x\":1,\"next\":{\"Node\":{\"x\":2,\"next\":{\"Node\":{\"x\":3,\"next\":null}}}}}";
    add("a list that contains itself", node, wide, chain, "{\"x\":1,\"next\":null}");
    String tree = "{\"type\":\"record\",\"name\":\"Tree\",\"fields\":[" + field("x", "\"int\"") + "," + field("kids", array("\"Tree\"")) + "]}";
    String treeRead = "{\"type\":\"record\",\"name\":\"Tree\",\"fields\":[" + field("kids", array("\"Tree\"")) + "," + field("x", "\"long\"") + "]}";
    add("a tree that contains itself", tree, treeRead, "{\"x\":1,\"kids\":[{\"x\":2,\"kids\":[]},{\"x\":3,\"kids\":[{\"x\":4,\"kids\":[]}]}]}");
    add("a list that contains itself, dropped", holds(node), record("R", field("after", "\"int\"")), held(chain));
  }

  private static final String[][] TIMES = {
    {"int", "date"}, {"int", "time-millis"}, {"long", "time-micros"}, {"long", "timestamp-millis"}, {"long", "timestamp-micros"},
    {"long", "timestamp-nanos"}, {"long", "local-timestamp-millis"}, {"long", "local-timestamp-micros"}, {"long", "local-timestamp-nanos"},
  };

  private static void logicalTypes() throws Exception {
    for (String[] time : TIMES) {
      String type = logical(time[0], time[1]);
      String[] values = held("0", "-1", "86399999", "1700000000");
      add(time[1], holds(type), holds(type), values);
      add(time[1] + " read as its plain type", holds(type), holds(q(time[0])), values);
      add(time[1] + " written plain", holds(q(time[0])), holds(type), values);
      add(time[1] + " in a union", holds(type), holds("[\"null\"," + type + "]"), values);
    }
    add("int read as timestamp-millis", holds("\"int\""), holds(logical("long", "timestamp-millis")), held("1500"));
    add("timestamp-micros read as timestamp-millis", holds(logical("long", "timestamp-micros")), holds(logical("long", "timestamp-millis")), held("1500"));
    add("date on a long, which is none", holds(logical("long", "date")), holds(logical("long", "date")), held("1500"));
    String decimal = "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2}";
    add("decimal on bytes", holds(decimal), holds(decimal), held("\"\\u0004\\u00d2\"", "\"\\u00ff\""));
    String fixedDecimal = fixedOf("D", 4, "\"logicalType\":\"decimal\"", "\"precision\":9", "\"scale\":2");
    add("decimal on fixed", holds(fixedDecimal), holds(fixedDecimal), held("\"\\u0000\\u0000\\u0004\\u00d2\""));
    String uuid = "{\"type\":\"string\",\"logicalType\":\"uuid\"}";
    add("uuid on string", holds(uuid), holds(uuid), held("\"6e8bc430-9c3a-11d9-9669-0800200c9a66\""));
    String fixedUuid = fixedOf("U", 16, "\"logicalType\":\"uuid\"");
    add("uuid on fixed", holds(fixedUuid), holds(fixedUuid), held("\"0123456789abcdef\""));
    String duration = fixedOf("L", 12, "\"logicalType\":\"duration\"");
    add("duration", holds(duration), holds(duration), held("\"0123456789ab\""));
  }

  private static String logical(String type, String name) {
    return "{\"type\":\"" + type + "\",\"logicalType\":\"" + name + "\"}";
  }

  /** One evolution: a line for each event, given as Avro's JSON of the writer's schema. */
  private static void add(String name, String writerText, String readerText, String... events) throws Exception {
    Schema writer = new Schema.Parser().parse(writerText);
    Schema reader = new Schema.Parser().parse(readerText);
    for (String event : events) {
      Object value = new GenericDatumReader<Object>(writer).read(null, DecoderFactory.get().jsonDecoder(writer, event));
      byte[] body = encoded(writer, value, false);
      byte[] blocked = encoded(writer, value, true);
      ByteBuffer single = new BinaryMessageEncoder<Object>(GenericData.get(), writer).encode(value);
      byte[] framed = new byte[single.remaining()];
      single.get(framed);
      int schemaId = ++id;
      byte[] confluent = ByteBuffer.allocate(5 + body.length).put((byte) 0).putInt(schemaId).put(body).array();
      StringBuilder line = new StringBuilder("{\"case\":" + json(name));
      line.append(",\"writer\":").append(writerText).append(",\"reader\":").append(readerText);
      line.append(",\"body\":").append(hex(body)).append(",\"blocked\":").append(hex(blocked));
      line.append(",\"singleObject\":").append(hex(framed)).append(",\"id\":").append(schemaId).append(",\"confluent\":").append(hex(confluent));
      try {
        Object read = new GenericDatumReader<Object>(writer, reader).read(null, DecoderFactory.get().binaryDecoder(body, null));
        Map<String, String> numbers = new TreeMap<>();
        Map<String, String> texts = new TreeMap<>();
        collect("", reader, read, numbers, texts);
        line.append(",\"raw\":").append(hex(encoded(reader, read, false)));
        line.append(",\"numbers\":").append(json(numbers)).append(",\"texts\":").append(json(texts)).append("}");
      } catch (AvroRuntimeException e) {
        line.append(",\"refused\":true}");
      }
      System.out.println(line);
    }
  }

  private static byte[] encoded(Schema schema, Object value, boolean blocked) throws Exception {
    var out = new ByteArrayOutputStream();
    EncoderFactory factory = new EncoderFactory().configureBlockSize(64);
    BinaryEncoder encoder = blocked ? factory.blockingBinaryEncoder(out, null) : factory.binaryEncoder(out, null);
    new GenericDatumWriter<Object>(schema).write(value, encoder);
    encoder.flush();
    return out.toByteArray();
  }

  /** Scalars by their path, as Outrider writes paths; a number as seconds where the reader's type is a time. */
  private static void collect(String path, Schema schema, Object value, Map<String, String> numbers, Map<String, String> texts) {
    switch (schema.getType()) {
      case UNION -> collect(path, schema.getTypes().get(GenericData.get().resolveUnion(schema, value)), value, numbers, texts);
      case RECORD -> {
        for (Schema.Field field : schema.getFields())
          collect(path.isEmpty() ? field.name() : path + "." + field.name(), field.schema(), ((IndexedRecord) value).get(field.pos()), numbers, texts);
      }
      case ARRAY -> {
        int index = 0;
        for (Object item : (Collection<?>) value) {
          if (index < 4) collect(path + "[" + index + "]", schema.getElementType(), item, numbers, texts);
          index++;
        }
      }
      case MAP -> {
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
          String key = entry.getKey().toString();
          if (key.matches("[a-z]+")) collect(path + "." + key, schema.getValueType(), entry.getValue(), numbers, texts);
        }
      }
      case BOOLEAN -> numbers.put(path, (Boolean) value ? "1" : "0");
      case INT, LONG -> {
        long number = ((Number) value).longValue();
        Object logical = schema.getLogicalType() == null ? "" : schema.getLogicalType().getName();
        numbers.put(path, switch (logical.toString().replaceAll(".*-", "")) {
          case "date" -> Double.toString(number * 86400.0);
          case "millis" -> Double.toString(number / 1e3);
          case "micros" -> Double.toString(number / 1e6);
          case "nanos" -> Double.toString(number / 1e9);
          default -> Long.toString(number);
        });
        texts.put(path, Long.toString(number));
      }
      case FLOAT -> numbers.put(path, Double.toString((Float) value));
      case DOUBLE -> numbers.put(path, Double.toString((Double) value));
      case STRING -> texts.put(path, text(((Utf8) value).getBytes(), ((Utf8) value).getByteLength()));
      case ENUM -> texts.put(path, value.toString());
      case BYTES -> texts.put(path, text(bytesOf((ByteBuffer) value), ((ByteBuffer) value).remaining()));
      case FIXED -> texts.put(path, text(((GenericFixed) value).bytes(), schema.getFixedSize()));
      default -> { }
    }
  }

  private static byte[] bytesOf(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  /** Bytes as Outrider names an entity by them. */
  private static String text(byte[] padded, int length) {
    byte[] bytes = Arrays.copyOf(padded, length);
    String text = new String(bytes, StandardCharsets.UTF_8);
    boolean isText = Arrays.equals(text.getBytes(StandardCharsets.UTF_8), bytes);
    return isText ? text : "hex:" + HexFormat.of().formatHex(bytes);
  }

  private static String hex(byte[] bytes) {
    return q(HexFormat.of().formatHex(bytes));
  }

  private static String json(Map<String, String> map) {
    List<String> entries = new ArrayList<>();
    for (String key : new TreeSet<>(map.keySet())) entries.add(json(key) + ":" + json(map.get(key)));
    return "{" + String.join(",", entries) + "}";
  }

  private static String json(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < 0x20 || c > 0x7e) out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }
}
