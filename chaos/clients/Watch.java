import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/**
 * Watches a group and its output: `committed <partition> <offset>` whenever an offset of the group moves, `stable
 * <topic> <partition> <last stable offset> <high watermark>` whenever one of an output partition does. Asked by the
 * line `open` on its standard input it answers with `open <what>` for every transaction that is still open, then
 * `opened`.
 */
public final class Watch {
  private static final int TIMEOUT_MS = 4000;
  private static final Set<TransactionState> OPEN = Set.of(
      TransactionState.ONGOING, TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT);

  private final Admin admin;
  private final String group;
  private final List<String> outputs;
  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final Map<String, String> said = new HashMap<>();

  private Watch(Admin admin, String group, List<String> outputs) {
    this.admin = admin;
    this.group = group;
    this.outputs = outputs;
  }

  public static void main(String[] args) throws Exception {
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", args[0],
        "client.id", "chaos-watch",
        "request.timeout.ms", TIMEOUT_MS,
        "default.api.timeout.ms", TIMEOUT_MS,
        "reconnect.backoff.max.ms", 500);
    try (var admin = Admin.create(settings);
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      new Watch(admin, args[1], Arrays.asList(args).subList(2, args.length)).run(in);
    }
  }

  private void run(BufferedReader in) throws Exception {
    for (;;) {
      while (in.ready()) {
        String asked = in.readLine();
        if (asked == null) return;
        if (asked.equals("open")) whenAnswered(this::sayOpen);
      }
      whenAnswered(this::sayCommitted);
      whenAnswered(this::sayStable);
      TimeUnit.MILLISECONDS.sleep(150);
    }
  }

  private interface Question {
    void ask() throws Exception;
  }

  /** The cluster is away now and then: that is what this is for. */
  private void whenAnswered(Question question) throws InterruptedException {
    try {
      question.ask();
    } catch (InterruptedException interrupted) {
      throw interrupted;
    } catch (Exception failure) {
      out.println("away " + failure.getMessage());
    }
  }

  private void sayCommitted() throws Exception {
    var options = new ListConsumerGroupOffsetsOptions().requireStable(true);
    var found = admin.listConsumerGroupOffsets(Map.of(group, new ListConsumerGroupOffsetsSpec()), options)
        .partitionsToOffsetAndMetadata(group).get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
    found.forEach((partition, offset) -> {
      if (offset != null) say("committed " + partition.partition(), Long.toString(offset.offset()));
    });
  }

  private void sayStable() throws Exception {
    var partitions = outputPartitions();
    var stable = ends(partitions, IsolationLevel.READ_COMMITTED);
    var high = ends(partitions, IsolationLevel.READ_UNCOMMITTED);
    for (TopicPartition partition : partitions) {
      say("stable " + partition.topic() + " " + partition.partition(), stable.get(partition) + " " + high.get(partition));
    }
  }

  private Map<TopicPartition, Long> ends(Set<TopicPartition> partitions, IsolationLevel level) throws Exception {
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    partitions.forEach(partition -> latest.put(partition, OffsetSpec.latest()));
    Map<TopicPartition, Long> ends = new HashMap<>();
    admin.listOffsets(latest, new ListOffsetsOptions(level)).all().get(TIMEOUT_MS, TimeUnit.MILLISECONDS)
        .forEach((partition, info) -> ends.put(partition, info.offset()));
    return ends;
  }

  private void sayOpen() throws Exception {
    for (var listing : admin.listTransactions().all().get(TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
      if (listing.transactionalId().startsWith(group + "/") && OPEN.contains(listing.state())) {
        out.println("open " + listing.transactionalId() + " " + listing.state());
      }
    }
    var partitions = outputPartitions();
    partitions.addAll(partitionsOf(List.of("__consumer_offsets")));
    var producers = admin.describeProducers(partitions).all().get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
    producers.forEach((partition, state) -> state.activeProducers().forEach(producer -> {
      if (producer.currentTransactionStartOffset().isPresent()) {
        out.println("open " + partition + " producer " + producer.producerId()
            + " since offset " + producer.currentTransactionStartOffset().getAsLong());
      }
    }));
    out.println("opened");
  }

  private Set<TopicPartition> outputPartitions() throws Exception {
    return partitionsOf(outputs);
  }

  private Set<TopicPartition> partitionsOf(List<String> topics)
      throws InterruptedException, ExecutionException, TimeoutException {
    Set<TopicPartition> partitions = new HashSet<>();
    admin.describeTopics(topics).allTopicNames().get(TIMEOUT_MS, TimeUnit.MILLISECONDS).forEach((name, topic) ->
        topic.partitions().forEach(p -> partitions.add(new TopicPartition(name, p.partition()))));
    return partitions;
  }

  private void say(String what, String value) {
    if (!value.equals(said.put(what, value))) out.println(what + " " + value);
  }
}
