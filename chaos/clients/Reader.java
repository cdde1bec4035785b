import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads topics from their beginning, committed records only, and prints them: `record <topic> <partition> <offset>
 * <value>`, the value in base64 or `-`, then a header a word, `name=value` in base64. In mode `once` it ends with `end`
 * at what is the last stable offset when it starts; in mode `live` it goes on until it is killed.
 */
public final class Reader {
  public static void main(String[] args) throws Exception {
    String bootstrap = args[0];
    boolean once = args[1].equals("once");
    List<String> topics = Arrays.asList(args).subList(2, args.length);
    var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", bootstrap,
        "client.id", "chaos-reader",
        "isolation.level", "read_committed",
        "enable.auto.commit", false,
        "auto.offset.reset", "none",
        "reconnect.backoff.max.ms", 500);
    var bytes = new ByteArrayDeserializer();
    try (var consumer = new KafkaConsumer<>(settings, bytes, bytes)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic : topics) {
        consumer.partitionsFor(topic).forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
      }
      consumer.assign(partitions);
      partitions.forEach(partition -> consumer.seek(partition, 0));
      // For a read_committed consumer these are the last stable offsets.
      Map<TopicPartition, Long> ends = once ? new HashMap<>(consumer.endOffsets(partitions)) : Map.of();
      var left = new HashSet<>(ends.keySet());
      left.removeIf(partition -> ends.get(partition) == 0);
      while (!once || !left.isEmpty()) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) out.println(line(record));
        left.removeIf(partition -> consumer.position(partition) >= ends.get(partition));
        out.flush();
      }
      if (once) out.println("end");
      out.flush();
    }
  }

  private static String line(ConsumerRecord<byte[], byte[]> record) {
    var text = new StringBuilder("record ")
        .append(record.topic()).append(' ').append(record.partition()).append(' ').append(record.offset())
        .append(' ').append(base64(record.value()));
    record.headers().forEach(h -> text.append(' ').append(h.key()).append('=').append(base64(h.value())));
    return text.toString();
  }

  private static String base64(byte[] bytes) {
    return bytes == null ? "-" : Base64.getEncoder().encodeToString(bytes);
  }
}
