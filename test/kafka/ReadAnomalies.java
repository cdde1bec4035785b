import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageDecoder;

/** Decodes single-object encoded anomalies, base64 a line, with Java's Avro, and prints them as JSON, a line each. */
public class ReadAnomalies {
  public static void main(String[] args) throws Exception {
    Schema schema = new Schema.Parser().parse(Path.of(args[0]).toFile());
    var decoder = new BinaryMessageDecoder<GenericRecord>(new GenericData(), schema);
    var json = new ObjectMapper();
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println(json.writeValueAsString(plain(decoder.decode(Base64.getDecoder().decode(line)))));
    }
  }

  private static Object plain(Object value) {
    if (value instanceof GenericRecord record) {
      Map<String, Object> map = new LinkedHashMap<>();
      for (Schema.Field field : record.getSchema().getFields()) map.put(field.name(), plain(record.get(field.pos())));
      return map;
    }
    if (value instanceof List<?> list) {
      List<Object> items = new ArrayList<>();
      for (Object item : list) items.add(plain(item));
      return items;
    }
    if (value instanceof ByteBuffer bytes) {
      byte[] copy = new byte[bytes.remaining()];
      bytes.duplicate().get(copy);
      return Base64.getEncoder().encodeToString(copy);
    }
    return value instanceof CharSequence ? value.toString() : value;
  }
}
