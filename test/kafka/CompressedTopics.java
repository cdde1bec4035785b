import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own client and its codecs. `write` takes records from standard input, one a line: partition, compression,
 * batch.size, value (base64). `read` prints the committed records of topics: topic, partition, offset, value (base64).
 */
public final class CompressedTopics {
  public static void main(String[] args) throws Exception {
    if (args[0].equals("write")) write(args[1], args[2]);
    else read(args[1], List.of(args).subList(2, args.length));
  }

  private static void write(String bootstrap, String topic) throws Exception {
    var producers = new HashMap<String, KafkaProducer<byte[], byte[]>>();
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var sent = new ArrayList<java.util.concurrent.Future<?>>();
    for (String line; (line = in.readLine()) != null; ) {
      String[] parts = line.split(" ");
      String batchSize = parts[2];
      var producer = producers.computeIfAbsent(parts[1] + " " + batchSize, key -> new KafkaProducer<>(
          Map.of(
              "bootstrap.servers", bootstrap,
              "compression.type", parts[1],
              "batch.size", Integer.parseInt(batchSize),
              // Nothing leaves before its batch is full or all is said; without a batch at once.
              "linger.ms", batchSize.equals("0") ? 0 : 60_000,
              "delivery.timeout.ms", 180_000),
          new ByteArraySerializer(), new ByteArraySerializer()));
      byte[] value = Base64.getDecoder().decode(parts[3]);
      sent.add(producer.send(new ProducerRecord<>(topic, Integer.valueOf(parts[0]), null, value)));
    }
    for (var producer : producers.values()) producer.close();
    for (var one : sent) one.get();
  }

  private static void read(String bootstrap, List<String> topics) {
    var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    Map<String, Object> settings = Map.of(
        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
        ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    var bytes = new ByteArrayDeserializer();
    try (var consumer = new KafkaConsumer<>(settings, bytes, bytes)) {
      var partitions = new ArrayList<TopicPartition>();
      for (String topic : topics)
        consumer.partitionsFor(topic).forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      var ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(at -> consumer.position(at) < ends.get(at))) {
        for (var record : consumer.poll(Duration.ofMillis(200)))
          out.println(record.topic() + " " + record.partition() + " " + record.offset() + " "
              + Base64.getEncoder().encodeToString(record.value()));
      }
    }
    out.flush();
  }
}
