import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/**
 * The same work by Kafka Streams, exactly once, in one stream thread: `StreamsPeer <brokers> <topic> <output> <group>
 * <training.csv> <state folder> [<setting>=<value> …]`. Ends on SIGTERM and then prints what it counted.
 */
public final class StreamsPeer {
  public static void main(String[] args) throws Exception {
    String brokers = args[0];
    String topic = args[1];
    String output = args[2];
    String group = args[3];
    Forest forest = Forest.train(Path.of(args[4]));
    var settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, args[5]);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    for (String setting : Arrays.asList(args).subList(6, args.length)) {
      String[] nameAndValue = setting.split("=", 2);
      settings.put(nameAndValue[0], nameAndValue[1]);
    }

    var scorer = new Scorer(forest);
    var bytes = Serdes.ByteArray();
    var builder = new StreamsBuilder();
    builder.stream(topic, Consumed.with(bytes, bytes))
        .flatMapValues(scorer::anomalies)
        .to(output, Produced.with(bytes, bytes));
    var streams = new KafkaStreams(builder.build(), settings);
    var failed = new CountDownLatch(1);
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      failed.countDown();
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      streams.close();
      System.out.printf("{\"events\":%d,\"anomalies\":%d}%n", scorer.events, scorer.anomalies);
    }));
    streams.start();
    failed.await();
    Runtime.getRuntime().halt(1);
  }

  /** Reads, scores and counts; used by the one stream thread, and read when that has ended. */
  private static final class Scorer {
    volatile long events = 0;
    volatile long anomalies = 0;
    private final Forest forest;
    private final EventReader reader = new EventReader();

    Scorer(Forest forest) {
      this.forest = forest;
    }

    List<byte[]> anomalies(byte[] value) {
      reader.read(value);
      events++;
      double score = forest.score(reader.features);
      if (score < forest.threshold) return List.of();
      anomalies++;
      String text = "{\"id\":" + reader.id + ",\"score\":" + score + "}";
      return List.of(text.getBytes(StandardCharsets.UTF_8));
    }
  }
}
