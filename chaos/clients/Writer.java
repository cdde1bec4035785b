import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes what stands on its standard input, a record a line: number, partition, key and value (base64). Says of each
 * `ack <number> <partition> <offset>`, or `unknown <number> <error>` when it never heard.
 */
public final class Writer {
  public static void main(String[] args) throws Exception {
    String bootstrap = args[0];
    String topic = args[1];
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", bootstrap,
        "client.id", "chaos-writer",
        "acks", "all",
        "enable.idempotence", true,
        "linger.ms", 5,
        "request.timeout.ms", 5000,
        "delivery.timeout.ms", 120_000,
        "reconnect.backoff.max.ms", 500,
        "max.block.ms", 120_000);
    var bytes = new ByteArraySerializer();
    try (var producer = new KafkaProducer<>(settings, bytes, bytes);
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line; (line = in.readLine()) != null; ) {
        String[] parts = line.split(" ");
        String number = parts[0];
        byte[] key = Base64.getDecoder().decode(parts[2]);
        byte[] value = Base64.getDecoder().decode(parts[3]);
        var record = new ProducerRecord<>(topic, Integer.valueOf(parts[1]), key, value);
        producer.send(record, (written, error) -> out.println(error == null
            ? "ack " + number + " " + written.partition() + " " + written.offset()
            : "unknown " + number + " " + error.getClass().getSimpleName()));
      }
    }
  }
}
