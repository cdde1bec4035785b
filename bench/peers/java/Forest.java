import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import smile.anomaly.IsolationForest;
import smile.math.MathEx;

/**
 * Smile's isolation forest, axis-parallel, 100 trees of 256 rows; the strangest 1 % of the training rows are anomalies.
 */
final class Forest {
  private static final int TREES = 100;
  private static final int SAMPLE_ROWS = 256;
  /** log2 of the sample, as in the paper. */
  private static final int DEPTH_MAX = 8;
  private static final double CONTAMINATION = 0.01;

  final double threshold;
  private final IsolationForest forest;

  private Forest(IsolationForest forest, double threshold) {
    this.forest = forest;
    this.threshold = threshold;
  }

  /** @param file a header, then a row of numbers a line */
  static Forest train(Path file) throws IOException {
    double[][] rows = Files.readAllLines(file).stream()
        .skip(1)
        .map(line -> Arrays.stream(line.split(",")).mapToDouble(Double::parseDouble).toArray())
        .toArray(double[][]::new);
    MathEx.setSeed(1);
    var forest = IsolationForest.fit(rows, TREES, DEPTH_MAX, (double) SAMPLE_ROWS / rows.length, 0);
    double[] scores = Arrays.stream(rows).mapToDouble(forest::score).sorted().toArray();
    return new Forest(forest, scores[(int) Math.ceil(scores.length * (1 - CONTAMINATION))]);
  }

  double score(double[] row) {
    return forest.score(row);
  }
}
